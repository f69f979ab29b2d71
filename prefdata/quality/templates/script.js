// Two buttons and the folding of details: all that the pages of Great Expectations ask of a script.
"use strict";

function showSucceeded(isShown) {
  const display = isShown ? "" : "none";
  for (const child of document.querySelectorAll(".hide-succeeded-validation-target-child")) {
    child.parentElement.style.display = display;
  }
  for (const row of document.querySelectorAll(".hide-succeeded-validation-target")) {
    row.style.display = display;
  }
  for (const child of document.querySelectorAll(".hide-succeeded-validations-column-section-target-child")) {
    const section = child.parentElement.parentElement;
    section.style.display = display;
    for (const link of document.querySelectorAll(`a[href$="#${section.id}"]`)) {
      link.style.display = display;
    }
  }
}

document.addEventListener("change", (event) => {
  if (event.target.name === "options") {
    showSucceeded(event.target.id === "option1");
  }
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-toggle=collapse]");
  if (link) {
    event.preventDefault();
    document.getElementById(link.getAttribute("href").slice(1)).classList.toggle("show");
  }
});
