// Hints while somebody types: what looks like something that must not be sent. The server decides; nothing is sent from here.
"use strict";

(() => {
  const list = document.getElementById("support-hints");
  if (!list) return;
  const words = new Map([...list.children].map((one) => [one.dataset.class, one.textContent]));

  const check = (field) => {
    const text = field.value.trim();
    const found = unsafeLooks.find(([, fits]) => fits(text, field.name));
    let hint = document.getElementById(`${field.id}-typing`);
    if (!found || !words.has(found[0])) {
      if (hint) hint.textContent = "";
      return;
    }
    if (!hint) {
      hint = document.createElement("p");
      hint.id = `${field.id}-typing`;
      hint.className = "field-notice typing";
      hint.setAttribute("role", "status");
      field.after(hint);
      field.setAttribute("aria-describedby", `${field.getAttribute("aria-describedby") || ""} ${hint.id}`.trim());
    }
    hint.textContent = words.get(found[0]);
  };

  for (const field of document.querySelectorAll(".support-form input[type=text], .support-form textarea")) {
    field.addEventListener("input", () => check(field));
  }
})();
