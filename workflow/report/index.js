"use strict";
// Sorts and filters the tables of the study's page, and writes the rows of long ones when they are
// looked at. Everything from data goes in as text, never as markup.

const PAGE = 100; // rows written at a time
const FILTERED = 15; // tables with more rows get a field to filter by
const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// The first number of a cell; NaN for a dash or nothing.
function numberOf(text) {
  const found = text.replace(/\u2212/g, "-").replace(/,/g, "").match(/[-+]?\d[\d.]*(e[-+]?\d+)?/i);
  return found ? parseFloat(found[0]) : NaN;
}

// Folded so that "Musée" is found by "musee".
function folded(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

class View {
  constructor(table) {
    this.table = table;
    this.scroll = table.parentElement;
    this.head = table.tHead.rows[0];
    this.body = table.tBodies[0];
    this.filter = "";
    this.status = make("p", { role: "status", class: "soft small" });
    this.more = make("button", { type: "button", class: "more", hidden: "" });
    this.more.addEventListener("click", () => this.draw(this.limit + 10 * PAGE));
    this.scroll.after(this.more);
  }

  // Rows are lists of cells; a cell is a text, or a list of one text that is bold.
  set(rows, elements) {
    this.rows = rows.map((cells, place) => ({ cells, place, element: elements?.[place] }));
    this.search(this.filter);
  }

  header(names, numbers) {
    const cells = names.map((name, i) =>
      make("th", { scope: "col", class: numbers.includes(i) ? "n" : "" }, make("bdi", {}, name)));
    this.head.replaceChildren(...cells);
    this.buttons();
  }

  buttons() {
    for (const [column, cell] of [...this.head.cells].entries()) {
      const button = make("button", { type: "button" }, ...cell.childNodes);
      button.addEventListener("click", () => this.sort(column));
      cell.replaceChildren(button);
    }
  }

  // Numbers come with the largest first, texts from A on; a second click turns them around.
  sort(column) {
    const cell = this.head.cells[column];
    const numeric = cell.classList.contains("n");
    const before = cell.getAttribute("aria-sort");
    const ascending = before ? before === "descending" : !numeric;
    for (const other of this.head.cells) other.removeAttribute("aria-sort");
    cell.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    const sign = ascending ? 1 : -1;
    const key = numeric ? numberOf : (text) => text;
    const keyed = this.rows.map((row) => [key([row.cells[column]].flat()[0]), row]);
    keyed.sort(([a, x], [b, y]) => {
      const empty = numeric ? isNaN(a) - isNaN(b) : (a === "") - (b === "");
      if (empty) return empty; // what has no value comes last, whichever way
      return sign * (numeric ? a - b || 0 : collator.compare(a, b)) || x.place - y.place;
    });
    this.rows = keyed.map(([, row]) => row);
    this.search(this.filter);
  }

  search(text) {
    this.filter = text;
    const wanted = folded(text).split(/\s+/).filter(Boolean);
    this.found = this.rows.filter((row) => {
      row.text ??= folded(row.cells.flat().join(" "));
      return wanted.every((word) => row.text.includes(word));
    });
    this.draw(PAGE);
  }

  draw(limit) {
    this.limit = limit;
    const shown = this.found.slice(0, limit);
    this.body.replaceChildren(...shown.map((row) => (row.element ??= this.build(row.cells))));
    const count = (n) => n.toLocaleString("en");
    this.status.textContent = `${count(this.found.length)} of ${count(this.rows.length)} rows`;
    this.more.hidden = this.found.length <= limit;
    this.more.textContent = `Show more: ${count(this.found.length - shown.length)} rows are left`;
  }

  build(cells) {
    return make("tr", {}, ...cells.map((cell, i) => {
      const text = make("bdi", {}, [cell].flat()[0]);
      const number = this.head.cells[i].classList.contains("n") ? { class: "n" } : {};
      return make("td", number, Array.isArray(cell) ? make("strong", {}, text) : text);
    }));
  }

  // A field to filter by, and how many rows there are, put into `place`.
  field(place, label) {
    const input = make("input", { type: "search", autocomplete: "off", spellcheck: "false" });
    input.addEventListener("input", () => this.search(input.value));
    place.append(make("label", {}, label, " ", input), this.status);
    return input;
  }
}

function whenSeen(element, act) {
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    act();
  }, { rootMargin: "400px" });
  observer.observe(element);
}

function read(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

function tables() {
  for (const table of document.querySelectorAll("table.sortable")) {
    const view = new View(table);
    const tools = make("div", { class: "tools" });
    const source = table.dataset.rows;
    view.buttons();
    if (source) {
      view.field(tools, "Filter rows");
      view.scroll.before(tools);
      view.rows = []; // until it is seen
      whenSeen(view.scroll, () => view.set(read(source)));
      continue;
    }
    const elements = [...view.body.rows];
    if (elements.length > FILTERED) {
      view.field(tools, "Filter rows");
      view.scroll.before(tools);
    }
    view.set(elements.map((row) => [...row.cells].map((cell) => cell.textContent)), elements);
  }
}

function options(select, titles) {
  select.replaceChildren(...titles.map((title, i) => make("option", { value: i }, title)));
}

function percent(right, of) {
  return of ? (100 * right / of).toFixed(1) : "–";
}

function classes() {
  const table = document.getElementById("class-table");
  const sets = document.getElementById("class-set");
  const networks = document.getElementById("class-network");
  const view = new View(table);
  view.field(sets.closest(".tools"), "Search classes").id = "class-filter";
  whenSeen(table, () => {
    const data = read("class-data");
    const show = () => {
      const set = data[sets.value];
      const { columns, right } = set.networks[networks.value];
      const names = ["Class", "train", "test", ...columns];
      view.header(names, names.map((_, i) => i).slice(1));
      view.set(set.names.map((name, i) => [
        name, String(set.train[i]), String(set.test[i]),
        ...right.map((counts) => percent(counts[i], set.test[i])),
      ]));
    };
    const choose = () => {
      options(networks, data[sets.value].networks.map((network) => network.title));
      show();
    };
    options(sets, data.map((set) => set.title));
    sets.addEventListener("change", choose);
    networks.addEventListener("change", show);
    choose();
  });
}

function browsers() {
  for (const browser of document.querySelectorAll(".browser")) {
    const objects = [...browser.querySelectorAll("article")];
    if (!objects.length) continue;
    const input = make("input", { type: "search", autocomplete: "off", spellcheck: "false" });
    const status = make("p", { role: "status", class: "soft small" });
    const texts = objects.map((object) => folded(object.textContent));
    const search = () => {
      const words = folded(input.value).split(/\s+/).filter(Boolean);
      objects.forEach((object, i) => {
        object.hidden = !words.every((word) => texts[i].includes(word));
      });
      const found = objects.filter((object) => !object.hidden).length;
      status.textContent = `${found} of ${objects.length} objects`;
    };
    input.addEventListener("input", search);
    const label = make("label", {}, "Filter by object, task, truth or prediction ", input);
    browser.querySelector(".objects").before(make("div", { class: "tools" }, label, status));
    search();
  }
}

tables();
if (document.getElementById("class-table")) classes();
browsers();
