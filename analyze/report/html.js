(() => {
  // A command is copied as it stands; where the browser has no clipboard it is
  // selected, and Ctrl-C does the rest.
  const copy = async (pre, button) => {
    try {
      await navigator.clipboard.writeText(pre.textContent);
    } catch {
      getSelection().selectAllChildren(pre);
      document.execCommand("copy");
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  };
  const make = (text, label) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    if (label) button.setAttribute("aria-label", label);
    return button;
  };
  for (const pre of document.querySelectorAll("pre.command")) {
    const button = make("Copy", "Copy: " + pre.textContent.slice(0, 60));
    button.className = "copy";
    button.addEventListener("click", () => copy(pre, button));
    pre.before(button);
  }
  const key = (row, column) => {
    const cell = row.cells[column];
    const text = cell.dataset.key || cell.textContent;
    return cell.classList.contains("num") || cell.dataset.key ? parseFloat(text) || 0 : text;
  };
  const sort = (table, column, head) => {
    const up = head.getAttribute("aria-sort") !== "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const body = table.tBodies[0];
    const rows = [...body.rows].sort((a, b) => {
      const x = key(a, column), y = key(b, column);
      const order = typeof x === "number" ? x - y : x.localeCompare(y, undefined, { numeric: true });
      return up ? order : -order;
    });
    body.append(...rows);
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = make(head.textContent);
      button.addEventListener("click", () => sort(table, column, head));
      head.replaceChildren(button);
    });
  }
})();
