"use strict";
// Sorting, filtering and unfolding of the zoo table. Without this script everything is shown.
(() => {
  const table = document.querySelector("table.zoo");
  if (!table) return;
  document.documentElement.classList.add("js");
  if (matchMedia("(max-width: 40rem)").matches) {
    document.querySelector("#circumstances").open = false;
  }
  const body = table.tBodies[0];
  // each variant's row with the row of its details behind it
  const pairs = [...body.querySelectorAll("tr.variant")].map((row) => [row, row.nextElementSibling]);
  const search = document.querySelector("#search");
  const problems = document.querySelector("#problems");
  const shown = document.querySelector("#shown");

  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const [row, more] of pairs) {
      const fits = words.every((word) => row.dataset.text.includes(word))
        && !(problems.checked && row.dataset.verdict === "pass");
      row.classList.toggle("off", !fits);
      more.classList.toggle("off", !fits);
      count += fits;
    }
    shown.textContent = `${count} of ${pairs.length} variants`;
  };
  search.addEventListener("input", filter);
  problems.addEventListener("change", filter);
  filter();

  const key = (row, index) => {
    const cell = row.cells[index];
    const value = cell.dataset.v;
    return value === undefined ? cell.textContent.trim() : value === "" ? null : Number(value);
  };
  const compare = (a, b) =>
    typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
  const sort = (heading) => {
    const descends = heading.getAttribute("aria-sort") === "ascending";
    for (const other of heading.parentNode.cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", descends ? "descending" : "ascending");
    const index = heading.cellIndex;
    const ordered = pairs.map((pair) => [key(pair[0], index), pair]);
    ordered.sort(([a], [b]) => {
      if (a === null || b === null) return (a === null) - (b === null);  // nothing goes last
      return descends ? compare(b, a) : compare(a, b);
    });
    body.append(...ordered.flatMap(([, pair]) => pair));
  };
  for (const heading of table.tHead.rows[0].cells) {
    heading.tabIndex = 0;
    heading.addEventListener("click", () => sort(heading));
    heading.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); sort(heading); }
    });
  }

  const toggle = (row, more) => {
    const open = row.classList.toggle("open");
    more.classList.toggle("open", open);
    row.setAttribute("aria-expanded", open);
  };
  for (const [row, more] of pairs) {
    row.tabIndex = 0;
    row.setAttribute("aria-expanded", false);
    row.addEventListener("click", () => toggle(row, more));
    row.addEventListener("keydown", (event) => { if (event.key === "Enter") toggle(row, more); });
  }
})();
