// What the admin theme would say in English to a screen reader: its scrollable frames, and its icons, whose text is the
// name of their drawing. SimpleBar 6 reads its label when the page is ready, after this.
"use strict";

const NOMS = { more_horiz: "Autres actions", search: "Lancer la recherche" };

document.addEventListener("DOMContentLoaded", () => {
    for (const cadre of document.querySelectorAll("[data-simplebar]")) {
        cadre.dataset.simplebarAriaLabel = "Contenu défilant";
    }
    for (const icone of document.querySelectorAll(".material-symbols-outlined:not([aria-hidden])")) {
        const dessin = icone.textContent.trim();
        const hote = icone.closest("a, button");
        const muet = hote && !hote.title && !hote.ariaLabel && hote.textContent.trim() === dessin;
        if (muet && NOMS[dessin]) {
            hote.ariaLabel = NOMS[dessin];
        }
        if (!muet || NOMS[dessin]) {
            icone.ariaHidden = "true";
        }
    }
});
