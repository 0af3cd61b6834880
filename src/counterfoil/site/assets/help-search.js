// Searching the handbook in the browser, by the index that stands beside the page: the same as knowledge/search.py does.
// The question is not sent anywhere, and stands in no address.
"use strict";

(() => {
  const results = document.getElementById("help-results");
  const form = document.querySelector("form.help-search");
  if (!results || !form) return;

  const HITS_MAX = 10;
  const TOKEN = /[a-z0-9]+(?:[_.-][a-z0-9]+)*|[\u3400-\u9fff]+/g;
  const TYPO_CHARACTERS_LEAST = 5;
  const has = (terms, token) => Object.prototype.hasOwnProperty.call(terms, token);

  const fold = (text) => text.normalize("NFKC").toLowerCase().replace(/\s+/g, " ");

  const stem = (typed) => {
    let word = typed;
    if (word.length <= 3 || /[0-9]/.test(word)) return word;
    if (word.endsWith("ies")) word = `${word.slice(0, -3)}y`;
    else if (word.endsWith("sses")) word = word.slice(0, -2);
    else if (word.endsWith("s") && !"sui".includes(word.at(-2))) word = word.slice(0, -1);
    for (const ending of ["ing", "ed"]) {
      if (!word.endsWith(ending) || word.length - ending.length < 4) continue;
      word = word.slice(0, -ending.length);
      if (word.at(-1) === word.at(-2) && !"lsz".includes(word.at(-1))) word = word.slice(0, -1);
      break;
    }
    return word.endsWith("e") && word.length > 3 ? word.slice(0, -1) : word;
  };

  const tokens = (folded) => {
    const found = [];
    for (const piece of folded.match(TOKEN) || []) {
      if (piece[0] >= "\u3400") {
        found.push(...piece);
        for (let place = 0; place + 1 < piece.length; place += 1) found.push(piece.slice(place, place + 2));
        continue;
      }
      const parts = piece.split(/[_.-]/);
      if (parts.length > 1) found.push(parts.join("_"));
      found.push(...parts.map(stem));
    }
    return found;
  };

  const isSlip = (typed, term) => {
    if (typed[0] !== term[0] || Math.abs(typed.length - term.length) > 1) return false;
    if (term.length < TYPO_CHARACTERS_LEAST - 1) return false;
    let same = 0;
    while (same < Math.min(typed.length, term.length) && typed[same] === term[same]) same += 1;
    const here = typed.slice(same);
    const there = term.slice(same);
    if (here.length !== there.length) {
      return here.length > there.length ? here.slice(1) === there : there.slice(1) === here;
    }
    if (here.slice(1) === there.slice(1)) return true;
    return here[0] === there[1] && here[1] === there[0] && here.slice(2) === there.slice(2);
  };

  const known = (index, asked) => {
    const found = new Set();
    for (const token of asked) {
      if (has(index.terms, token)) found.add(token);
      else if (token.length >= TYPO_CHARACTERS_LEAST && /^[a-z]/.test(token) && !token.includes("_")) {
        for (const term of Object.keys(index.terms)) if (isSlip(token, term)) found.add(term);
      }
    }
    return found;
  };

  const search = (index, question) => {
    const folded = fold(question);
    const asked = new Set(tokens(folded));
    for (const [phrase, standsFor] of index.said) {
      if (folded.includes(phrase)) for (const token of standsFor) asked.add(token);
    }
    const scores = new Map();
    for (const token of known(index, asked)) {
      const weights = index.terms[token];
      for (let place = 0; place < weights.length; place += 2) {
        scores.set(weights[place], (scores.get(weights[place]) || 0) + weights[place + 1]);
      }
    }
    return [...scores]
      .sort((one, other) => other[1] - one[1] || one[0] - other[0])
      .slice(0, HITS_MAX)
      .map(([place]) => index.documents[place]);
  };

  const item = (one) => {
    const [row, link, title, summary] = ["li", "a", "strong", "span"].map((name) => document.createElement(name));
    link.href = `${results.dataset.home}/${one.slug}`;
    title.textContent = one.title;
    summary.textContent = one.summary;
    link.append(title, summary);
    row.append(link);
    return row;
  };

  const show = (question, hits) => {
    results.dataset.asked = question;
    results.querySelector("ol").replaceChildren(...hits.map(item));
    for (const one of results.querySelectorAll("[data-some]")) one.hidden = hits.length === 0;
    for (const one of results.querySelectorAll("[data-none]")) one.hidden = hits.length > 0;
    results.hidden = false;
  };

  let loading = null;
  const load = () => {
    loading = loading || fetch(results.dataset.index).then((answer) => {
      if (!answer.ok) throw new Error(String(answer.status));
      return answer.json();
    });
    return loading;
  };

  const field = form.elements.q;
  const ask = (question) => load().then((index) => show(question, search(index, question)));

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    // Without the index the server answers, as it does without scripts.
    ask(field.value).catch(() => form.submit());
  });
  field.addEventListener("focus", () => load().catch(() => { loading = null; }), { once: true });

  // A static copy has nobody who would read what the address asks for.
  const asked = new URLSearchParams(location.search).get("q");
  if (asked && !results.querySelector("li")) {
    field.value = asked;
    ask(asked).catch(() => {});
  }
})();
