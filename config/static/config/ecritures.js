// Proposes the models and establishments of the dossier just chosen. Without it, both can still be typed.
"use strict";

const formulaire = document.querySelector("form[data-propositions]");

function remplir(liste, propositions) {
    liste.replaceChildren(...propositions.map(({ valeur, libelle }) => new Option(libelle, valeur)));
}

async function proposer(dossier) {
    let propositions = { modeles: [], etablissements: [] };
    if (dossier) {
        const adresse = `${formulaire.dataset.propositions}?dossier=${encodeURIComponent(dossier)}`;
        const reponse = await fetch(adresse, { headers: { Accept: "application/json" } });
        if (!reponse.ok) {
            return;
        }
        propositions = await reponse.json();
    }
    remplir(document.getElementById("modeles-connus"), propositions.modeles);
    remplir(document.getElementById("etablissements-connus"), propositions.etablissements);
}

// The theme writes the name of a file chosen into the first text box around it, which here is another field.
for (const champ of document.querySelectorAll("input[type=file]")) {
    champ.hasChangeListener = true;
}

if (formulaire && window.django?.jQuery) {
    // The list of dossiers is a jQuery component: it says its changes in no other way.
    window.django.jQuery("#id_dossier").on("change", (evenement) => proposer(evenement.target.value));
}
