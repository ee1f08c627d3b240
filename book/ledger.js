/* The filter of the ledger's page. Without this script the page shows every number and no filter. */
(() => {
  const tables = [...document.querySelectorAll("table.numbers")];
  if (!tables.length) return;
  const rows = tables.flatMap((table) =>
    [...table.querySelectorAll("tr[id]")].map((row) => {
      const group = row.closest("tbody");
      const note = row.querySelector("a[title]");
      const text = [group.rows[0].textContent, row.textContent, note ? note.title : ""].join(" ");
      return { row, group, table, paper: table.dataset.paper, verdict: row.dataset.verdict, text: text.toLowerCase() };
    })
  );
  const unique = (name) => [...new Set(rows.map((entry) => entry[name]))];

  const form = document.createElement("form");
  form.className = "filter";
  form.setAttribute("role", "search");
  const select = (label, values) => {
    const field = form.appendChild(document.createElement("label"));
    field.textContent = `${label} `;
    const list = field.appendChild(document.createElement("select"));
    list.append(new Option("all", ""), ...values.map((value) => new Option(value, value)));
    return list;
  };
  const paper = select("Paper", unique("paper"));
  const verdict = select("Verdict", unique("verdict"));
  const field = form.appendChild(document.createElement("label"));
  field.textContent = "Text ";
  const text = field.appendChild(document.createElement("input"));
  text.type = "search";
  text.placeholder = "such as “CREMA-D”";
  const reset = form.appendChild(document.createElement("button"));
  reset.type = "reset";
  reset.textContent = "Show all";
  const count = form.appendChild(document.createElement("output"));

  const apply = () => {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const entry of rows) {
      const matches =
        (!paper.value || entry.paper === paper.value) &&
        (!verdict.value || entry.verdict === verdict.value) &&
        words.every((word) => entry.text.includes(word));
      entry.row.hidden = !matches;
      shown += matches;
    }
    const visible = (part) => part.querySelector("tr[id]:not([hidden])");
    for (const table of tables) {
      for (const group of table.tBodies) group.hidden = !visible(group);
      const section = table.closest("section");
      (section || table).hidden = !visible(table);
    }
    count.textContent = `${shown} of ${rows.length} numbers shown`;
    remember();
  };
  // The address keeps what is chosen, so that a filtered page can be linked to.
  const chosen = { paper, verdict, text };
  const remember = () => {
    const query = new URLSearchParams();
    for (const [name, control] of Object.entries(chosen)) if (control.value) query.set(name, control.value);
    const address = new URL(location.href);
    address.search = query.toString();
    if (address.href !== location.href) history.replaceState(null, "", address.href);
  };
  const recall = () => {
    const query = new URLSearchParams(location.search);
    for (const [name, control] of Object.entries(chosen)) {
      control.value = query.get(name) || "";
      if (control.selectedIndex < 0) control.value = "";  // a word that the list lacks
    }
  };
  const choose = (chosenPaper, chosenVerdict) => {
    paper.value = chosenPaper;
    verdict.value = chosenVerdict;
    apply();
    form.scrollIntoView();
  };
  const follow = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target || !target.closest("[hidden]")) return;
    form.reset();
    target.scrollIntoView();
  };
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  window.addEventListener("hashchange", follow);

  // A count of the tally shows the numbers that it counts, and a verdict those of all papers.
  const button = (cell, chosenPaper, chosenVerdict) => {
    const control = document.createElement("button");
    control.type = "button";
    control.append(...cell.childNodes);
    control.addEventListener("click", () => choose(chosenPaper, chosenVerdict));
    cell.append(control);
  };
  const tally = document.querySelector(".tally table");
  if (tally) {
    const papers = unique("paper");
    const heads = [...tally.tHead.rows].at(-1).cells;
    const names = [...heads].map((cell) => cell.textContent.replace(/\s+/g, " ").trim());
    const known = new Set(unique("verdict"));
    [...tally.tBodies[0].rows].forEach((row, place) => {
      [...row.cells].forEach((cell, column) => {
        if (known.has(names[column]) && cell.textContent.trim() !== "0") button(cell, papers[place], names[column]);
      });
    });
    [...heads].forEach((cell, column) => known.has(names[column]) && button(cell, "", names[column]));
  }

  tables[0].closest("section").before(form);
  recall();
  apply();
  follow();
})();
