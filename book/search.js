/* How the book's search ranks what it found: pages to read, then programs, then tables and records, then Python objects. */
var Scorer = {
  score: ([page, title, anchor, description, score]) => {
    const records = ["book/ledger", "book/status", "book/speed", "book/references", "book/adding", "book/faults"];
    if (page.startsWith("book/generated/api/") || page === "book/api") return score - 1000;
    if (records.includes(page)) return score - 100;
    if (page === "book/scripts") return score - 50; // a program's title only names what it uses
    if (page === "book/glossary" && !anchor) return score - 50; // its terms are hits of their own
    // Of two pages that only use the word, a chapter and an explanation come before the front page.
    return page === "book/index" ? score : score + 1;
  },
  objNameMatch: 11, // a term of the glossary, by its whole name
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
