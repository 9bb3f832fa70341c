// The scrollable frames of the admin theme announce themselves in English (SimpleBar 6 reads this when the page is ready).
"use strict";

document.addEventListener("DOMContentLoaded", () => {
    for (const cadre of document.querySelectorAll("[data-simplebar]")) {
        cadre.dataset.simplebarAriaLabel = "Contenu défilant";
    }
});
