// What the admin theme would say in English to a screen reader: its scrollable frames, and its icons, whose text is the
// name of their drawing. SimpleBar 6 reads its label when the page is ready, after this.
"use strict";

const NOMS = { more_horiz: "Autres actions", search: "Lancer la recherche" };

// Two frames of one name are not told apart.
const CADRES = [
    ["#nav-sidebar", "Menu défilant"],
    ["#changelist-filter", "Filtres défilants"],
    ["#changelist", "Lignes défilantes"],
    ["*", "Contenu défilant"],
];

document.addEventListener("DOMContentLoaded", () => {
    for (const cadre of document.querySelectorAll("[data-simplebar]")) {
        const [, nom] = CADRES.find(([ou]) => cadre.closest(ou));
        cadre.dataset.simplebarAriaLabel = nom;
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

// Select2 names its box by the choice made, and not by the label of its field; its search box has no name at all.
const nommerLesListes = () => {
    for (const select of document.querySelectorAll("select.select2-hidden-accessible")) {
        const etiquette = select.labels[0];
        const cadre = select.nextElementSibling;
        if (!cadre?.classList.contains("select2") || !(etiquette || select.ariaLabel)) {
            continue;
        }
        const choix = cadre.querySelector(".select2-selection__rendered");
        for (const boite of [choix, cadre.querySelector(".select2-selection")].filter(Boolean)) {
            if (etiquette) {
                etiquette.id ||= `etiquette-${select.id}`;
                boite.setAttribute("aria-labelledby", choix ? `${etiquette.id} ${choix.id}` : etiquette.id);
            } else {
                boite.removeAttribute("aria-labelledby");
                boite.setAttribute("aria-label", select.ariaLabel);
            }
        }
    }
};

// They are made after the page is ready, and again for each row added.
new MutationObserver((changements) => {
    if (changements.some(({ addedNodes }) => [...addedNodes].some((noeud) => noeud.classList?.contains("select2")))) {
        nommerLesListes();
    }
}).observe(document, { childList: true, subtree: true });
document.addEventListener("focusin", ({ target }) => {
    if (target.matches(".select2-search__field") && !target.ariaLabel) {
        target.ariaLabel = "Chercher dans la liste";
    }
});
