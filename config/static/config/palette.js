// The palette of commands: a line is sent to the server at each change, and each proposition is a link. Nothing is kept.
"use strict";

(() => {
    const palette = document.getElementById("palette");
    const champ = document.getElementById("palette-texte");
    const liste = document.getElementById("palette-liste");
    const annonce = document.getElementById("palette-annonce");
    const ouvrir = document.getElementById("ouvrir-palette");
    const ATTENTE = 120;
    let demande = 0;
    let minuterie = 0;
    let choisie = -1;
    let lue = null;

    const choisir = (rang) => {
        const options = liste.children;
        choisie = options.length ? (rang + options.length) % options.length : -1;
        [...options].forEach((option, i) => option.setAttribute("aria-selected", String(i === choisie)));
        champ.toggleAttribute("aria-activedescendant", choisie >= 0);
        if (choisie >= 0) {
            champ.setAttribute("aria-activedescendant", options[choisie].id);
            options[choisie].scrollIntoView({ block: "nearest" });
        }
    };

    const element = (nom, classe, texte) => {
        const fait = document.createElement(nom);
        fait.className = classe;
        fait.textContent = texte;
        return fait;
    };

    const montrer = (propositions) => {
        liste.replaceChildren(
            ...propositions.map((proposition, rang) => {
                const option = element("li", "palette-option", "");
                option.id = `palette-option-${rang}`;
                option.setAttribute("role", "option");
                option.dataset.adresse = proposition.adresse;
                const icone = element("span", "material-symbols-outlined", proposition.icone);
                icone.setAttribute("aria-hidden", "true");
                option.append(icone, element("span", "", proposition.libelle));
                option.append(element("span", "palette-detail", proposition.detail));
                option.addEventListener("click", () => window.location.assign(proposition.adresse));
                return option;
            }),
        );
        champ.setAttribute("aria-expanded", String(propositions.length > 0));
        choisir(0);
    };

    const demander = async () => {
        const numero = ++demande;
        const texte = champ.value;
        try {
            const question = new URLSearchParams({ q: texte });
            const reponse = await fetch(`${palette.dataset.resultats}?${question}`, { headers: { Accept: "application/json" } });
            if (!reponse.ok || !reponse.headers.get("Content-Type")?.startsWith("application/json")) {
                throw new Error(String(reponse.status));
            }
            const { annonce: dite, propositions } = await reponse.json();
            if (numero === demande) {
                montrer(propositions);
                lue = texte;
                annonce.textContent = dite;
            }
        } catch {
            if (numero === demande) {
                montrer([]);
                annonce.textContent = "Les commandes ne répondent pas : rechargez la page.";
            }
        }
    };

    const deployer = () => {
        if (!palette.open) {
            champ.value = "";
            palette.showModal();
            champ.focus();
            demander();
        }
    };

    const touche = (evenement) => {
        if ((evenement.ctrlKey || evenement.metaKey) && !evenement.altKey && evenement.key.toLowerCase() === "k") {
            evenement.preventDefault();
            deployer();
            return;
        }
        const ecrit = evenement.target.closest?.("input, textarea, select, [contenteditable], dialog[open], [role=listbox], [role=combobox]");
        const modifiee = evenement.ctrlKey || evenement.metaKey || evenement.altKey;
        if (ecrit || modifiee || evenement.isComposing || palette.open || palette.dataset.touches === "non") {
            return;
        }
        if (evenement.key === "?") {
            window.location.assign(`${palette.dataset.aide}#raccourcis`);
        } else if (evenement.key === "/" || evenement.key === "s") {
            // On a list `/` goes to its own search, as the theme shows beside it.
            const recherche = (evenement.key === "/" && document.getElementById("searchbar")) || document.getElementById("recherche-globale");
            if (recherche) {
                evenement.preventDefault();
                if (!recherche.checkVisibility()) {
                    document.getElementById("ouvrir-menu")?.click();
                }
                requestAnimationFrame(() => recherche.focus());
            }
        }
    };

    ouvrir?.addEventListener("click", (evenement) => {
        if (!evenement.ctrlKey && !evenement.metaKey && !evenement.shiftKey) {
            evenement.preventDefault();
            deployer();
        }
    });
    ouvrir?.setAttribute("aria-haspopup", "dialog");
    ouvrir?.setAttribute("role", "button");
    ouvrir?.addEventListener("keydown", (evenement) => {
        if (evenement.key === " ") {
            evenement.preventDefault();
            deployer();
        }
    });
    document.getElementById("palette-fermer").addEventListener("click", () => palette.close());
    // A press beside the box, on the veil, closes it.
    palette.addEventListener("click", (evenement) => evenement.target === palette && palette.close());
    palette.addEventListener("close", () => {
        demande++;
        montrer([]);
    });
    champ.addEventListener("input", () => {
        clearTimeout(minuterie);
        minuterie = setTimeout(demander, ATTENTE);
    });
    champ.addEventListener("keydown", (evenement) => {
        if (evenement.isComposing) {
            return;
        }
        if (evenement.key === "ArrowDown" || evenement.key === "ArrowUp") {
            evenement.preventDefault();
            choisir(choisie + (evenement.key === "ArrowDown" ? 1 : -1));
        } else if (evenement.key === "Enter") {
            evenement.preventDefault();
            // Typed faster than the server answers: what is shown is not for this line.
            if (champ.value !== lue) {
                window.location.assign(`${palette.dataset.aide}?${new URLSearchParams({ q: champ.value })}`);
            } else if (liste.children[choisie]) {
                window.location.assign(liste.children[choisie].dataset.adresse);
            }
        }
    });
    document.addEventListener("keydown", touche);
})();
