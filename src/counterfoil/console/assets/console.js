// What the console does beyond plain pages. Without it everything still works: links are links, forms are forms.
(() => {
  "use strict";
  const narrow = window.matchMedia("(max-width: 60rem)");

  // The menu stands open on a desk and folded on a phone.
  const fold = document.querySelector(".menu-fold");
  const arrange = () => { if (fold) fold.open = !narrow.matches; };
  arrange();
  narrow.addEventListener("change", arrange);

  // Copy buttons appear only where something can be copied.
  const showCopies = (root) => {
    if (!navigator.clipboard) return;
    for (const button of root.querySelectorAll("[data-copy][hidden]")) button.hidden = false;
  };
  showCopies(document);
  document.addEventListener("htmx:after:swap", () => showCopies(document));
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    event.preventDefault();
    await navigator.clipboard.writeText(button.dataset.copy);
    button.classList.add("is-done");
    setTimeout(() => button.classList.remove("is-done"), 1500);
  });

  // What folds out closes with Escape and with a click elsewhere.
  const closeFolds = (except) => {
    for (const one of document.querySelectorAll(".me[open], .confirm[open]")) if (!one.contains(except)) one.open = false;
  };
  document.addEventListener("click", (event) => closeFolds(event.target));

  // Print buttons; without script the browser's own menu prints.
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }

  // One tick for all rows.
  const chooseAll = (box) => {
    for (const one of (box.closest("form") ?? box.closest(".panel")).querySelectorAll('input[name="row"]')) { one.checked = box.checked; markRow(one); }
  };
  const markRow = (tick) => tick.closest("tr")?.classList.toggle("is-chosen", tick.checked);
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-choose-all]")) chooseAll(event.target);
    if (event.target.matches('input[name="row"]')) markRow(event.target);
  });

  // The command palette: every page of the menu, and whatever the desk can look up.
  let palette = null;
  const openPalette = () => {
    const search = document.querySelector(".go");
    if (!search) return;
    if (!palette) palette = makePalette(search);
    palette.showModal();
    palette.querySelector("input").select();
  };
  const makePalette = (search) => {
    const dialog = document.createElement("dialog");
    dialog.className = "palette";
    const label = search.querySelector("label").textContent;
    dialog.setAttribute("aria-label", label);
    const form = document.createElement("form");
    form.action = search.action;
    // Whatever is pasted goes into no address.
    form.method = "post";
    form.append(search.querySelector('[name="csrf"]').cloneNode());
    const input = document.createElement("input");
    input.name = "q";
    input.autocomplete = "off";
    input.placeholder = label;
    input.setAttribute("aria-label", label);
    form.append(input);
    const list = document.createElement("ul");
    const places = [...document.querySelectorAll(".menu a")].map((link) => ({ text: link.textContent.trim(), href: link.href }));
    const draw = () => {
      const wanted = input.value.trim().toLowerCase();
      const found = places.filter((place) => !wanted || place.text.toLowerCase().includes(wanted));
      list.replaceChildren(...found.map((place, index) => {
        const item = document.createElement("li");
        const link = document.createElement("a");
        link.href = place.href;
        link.textContent = place.text;
        if (index === 0 && wanted) link.className = "is-first";
        item.append(link);
        return item;
      }));
    };
    input.addEventListener("input", draw);
    form.addEventListener("submit", (event) => {
      const first = list.querySelector("a.is-first");
      if (first) { event.preventDefault(); location.assign(first.href); }
    });
    dialog.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
      const links = [...list.querySelectorAll("a")];
      const at = links.indexOf(document.activeElement);
      const next = event.key === "ArrowDown" ? at + 1 : at - 1;
      (links[next] ?? input).focus();
      event.preventDefault();
    });
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
    dialog.append(form, list);
    document.body.append(dialog);
    draw();
    return dialog;
  };

  // Lists by keyboard: j and k go down and up, x chooses, Enter opens, slash searches.
  let row = -1;
  const rows = () => [...document.querySelectorAll("[data-list] tbody tr")];
  const goTo = (index) => {
    const all = rows();
    if (!all.length) return;
    row = Math.max(0, Math.min(all.length - 1, index));
    const target = all[row].querySelector("a, input, button") ?? all[row];
    target.focus();
    all[row].scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { event.preventDefault(); openPalette(); return; }
    if (event.key === "Escape") closeFolds(null);
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input:not([type=checkbox]), textarea, select")) return;
    if (event.key === "/") { const search = document.querySelector("#go"); if (search) { event.preventDefault(); search.focus(); } }
    if (event.key === "j") goTo(row + 1);
    if (event.key === "k") goTo(row - 1);
    // A digit presses the button that shows it.
    if (/^[1-9]$/.test(event.key)) document.querySelector(`[data-key="${event.key}"]`)?.click();
    if (event.key === "x" && row >= 0) { const tick = rows()[row].querySelector('input[name="row"]'); if (tick) tick.click(); }
  });

  // Signing in with a second factor asks for the code alone: what was typed before stays where it is.
  const signIn = document.querySelector("form[data-second-step]");
  signIn?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = await fetch(signIn.action, { method: "POST", body: new URLSearchParams(new FormData(signIn)), redirect: "manual" });
    if (answer.type === "opaqueredirect") { location.reload(); return; }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const asked = page.querySelector(".second-step");
    const said = page.querySelector('[role="alert"]');
    const form = page.querySelector("form[data-second-step]");
    if (!form) { document.body.replaceWith(page.body); return; }
    document.querySelector('main [role="alert"]')?.remove();
    if (said) document.querySelector("main .heading").after(said);
    signIn.querySelector(".second-step")?.remove();
    if (asked) { signIn.querySelector(".submit").before(asked); asked.querySelector("input").focus(); }
    else { const password = signIn.querySelector('input[type="password"]'); password.value = ""; password.focus(); }
  });
})();
