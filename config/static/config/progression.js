// Keeps the progress of a lot, or of an import, up to date. The page is whole without it: a reload shows the same thing.
"use strict";

const PERIODE = 2000;
const PERIODE_ANNONCE = 5000;

const cadre = document.getElementById("progression");
const annonce = document.getElementById("annonce");
const titre = document.title;
let derniereAnnonce = 0;

function montrer(etat) {
    const ici = document.activeElement;
    const actif = ici && ici.closest("#progression, [data-morceau]") ? ici.id : "";
    cadre.innerHTML = etat.html;
    for (const [nom, html] of Object.entries(etat.morceaux ?? {})) {
        const morceau = document.querySelector(`[data-morceau="${nom}"]`);
        if (morceau) {
            morceau.innerHTML = html;
        }
    }
    if (actif && document.activeElement !== ici) {
        document.getElementById(actif)?.focus({ preventScroll: true });
    }
    document.title = `${etat.pourcent} % – ${titre}`;
    if (etat.finie || Date.now() - derniereAnnonce >= PERIODE_ANNONCE) {
        annonce.textContent = etat.annonce;
        derniereAnnonce = Date.now();
    }
}

async function suivre() {
    try {
        const reponse = await fetch(cadre.dataset.adresse, { headers: { Accept: "application/json" } });
        if (reponse.redirected || reponse.status === 403 || reponse.status === 404) {
            annonce.textContent = "Le suivi s’est arrêté : rechargez la page.";
            return;
        }
        if (reponse.ok) {
            const etat = await reponse.json();
            montrer(etat);
            if (etat.finie) {
                // The buttons depend on the end of the lot, and only the server knows who may press them.
                await actualiserLesBoutons();
                return;
            }
        }
    } catch {
        // The network or the server is away: the next round tries again.
    }
    setTimeout(suivre, PERIODE);
}

async function actualiserLesBoutons() {
    const reponse = await fetch(window.location.href);
    const page = new DOMParser().parseFromString(await reponse.text(), "text/html");
    const nouveaux = page.querySelector(".actions-page");
    if (reponse.ok && nouveaux) {
        document.querySelector(".actions-page").innerHTML = nouveaux.innerHTML;
    }
}

if (cadre && cadre.dataset.finie === "non") {
    setTimeout(suivre, PERIODE);
}
