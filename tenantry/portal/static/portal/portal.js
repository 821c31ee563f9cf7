// What pages gain when scripts run. Every page works without: menus are popovers, dialogs are pages, forms are forms.
const root = document.documentElement;
const by = (id) => document.getElementById(id);

// Theme: system, light or dark, kept in this browser. theme.js has applied it before the first paint.
function showTheme() {
  for (const button of document.querySelectorAll("[data-set-theme]")) {
    button.setAttribute("aria-pressed", String(button.dataset.setTheme === (root.dataset.theme ?? "")));
  }
}
function setTheme(theme) {
  if (theme) root.dataset.theme = theme;
  else delete root.dataset.theme;
  try {
    if (theme) localStorage.setItem("theme", theme);
    else localStorage.removeItem("theme");
  } catch { /* storage is refused: it lasts for this page */ }
  showTheme();
}

// data-dialog: a link to a page becomes that page's [data-dialog-content] in a dialog; data-dialog="id" opens one that is here.
async function openPage(link) {
  const dialog = by("page-dialog");
  try {
    const answer = await fetch(link.href, { headers: { "X-Requested-With": "dialog" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const content = page.querySelector("[data-dialog-content]");
    if (!answer.ok || answer.redirected || !content) throw new Error("no dialog there");
    for (const form of [content, ...content.querySelectorAll("form")]) {
      if (form instanceof HTMLFormElement && !form.getAttribute("action")) form.setAttribute("action", link.href);
    }
    for (const way of content.querySelectorAll("[data-cancel]")) way.dataset.close = "dialog";
    by("page-dialog-title").textContent = page.querySelector("h1")?.textContent.trim() ?? "";
    dialog.querySelector("[data-slot]").replaceChildren(document.adoptNode(content));
    window.htmx?.process(content);
    dialog.showModal();
  } catch {
    location.href = link.href;
  }
}

// data-confirm: a destructive form asks first.
function ask(form, submitter) {
  const dialog = by("confirm-dialog");
  const words = { ...form.dataset, ...submitter?.dataset };
  by("confirm-title").textContent = words.confirmTitle ?? "Are you sure?";
  by("confirm-text").textContent = words.confirm;
  const yes = dialog.querySelector("[data-yes]");
  yes.textContent = words.confirmButton ?? (submitter?.textContent.trim() || "Continue");
  yes.onclick = () => {
    dialog.close();
    form.dataset.confirmed = "";
    form.requestSubmit(submitter);
  };
  dialog.showModal();
}

// Toasts: good news leaves by itself unless someone is reading it; bad news stays.
function tire(toast) {
  if (toast.matches(".error, .warning")) return;
  setTimeout(() => (toast.matches(":hover, :focus-within") ? tire(toast) : toast.remove()), 8000);
}
function toast(text, kind = "error") {
  const box = document.querySelector(".toasts");
  if (!box) return;
  const item = document.createElement("div");
  item.className = `toast ${kind}`;
  const words = document.createElement("span");
  words.textContent = text;
  const close = Object.assign(document.createElement("button"), { type: "button", className: "button plain small", textContent: "Close" });
  close.dataset.close = ".toast";
  item.append(words, close);
  box.append(item);
  tire(item);
}

async function copy(button) {
  const text = button.dataset.copy || button.closest(".code, .copy")?.querySelector("code")?.textContent || "";
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    return toast("The browser did not allow copying. Select the text and copy it.", "warning");
  }
  button.classList.add("copied");
  const voice = button.querySelector(".heard") ?? button.appendChild(Object.assign(document.createElement("span"), { className: "heard", role: "status" }));
  voice.textContent = "Copied";
  setTimeout(() => { button.classList.remove("copied"); voice.textContent = ""; }, 2000);
}

document.addEventListener("click", (event) => {
  const at = (selector) => event.target.closest?.(selector);
  const plainClick = !(event.metaKey || event.ctrlKey || event.shiftKey || event.button);
  let hit;
  if ((hit = at("[data-set-theme]"))) setTheme(hit.dataset.setTheme);
  else if ((hit = at("[data-copy]"))) copy(hit);
  else if ((hit = at("[data-close]"))) {
    const what = hit.closest(hit.dataset.close);
    event.preventDefault();
    if (what instanceof HTMLDialogElement) what.close();
    else what?.remove();
  } else if ((hit = at("[data-dialog]")) && plainClick) {
    event.preventDefault();
    hit.closest("[popover]")?.hidePopover();
    const here = hit.dataset.dialog && by(hit.dataset.dialog);
    if (here) here.showModal();
    else openPage(hit);
  } else if (event.target instanceof HTMLDialogElement && event.target.open) {
    const box = event.target.getBoundingClientRect(); // outside of its box is the backdrop
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside && event.clientX + event.clientY > 0) event.target.close();
  }
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  const asks = event.submitter?.dataset.confirm ?? form.dataset.confirm;
  if (asks && form.dataset.confirmed === undefined) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return ask(form, event.submitter);
  }
  delete form.dataset.confirmed;
  // A second click must not send the form twice; the button comes back if the page is shown again from history.
  if (!event.defaultPrevented && form.method === "post" && form.target !== "_blank") {
    if (form.dataset.sent !== undefined) return event.preventDefault();
    form.dataset.sent = "";
    setTimeout(() => delete form.dataset.sent, 5000); // a download leaves the page where it is
    event.submitter?.setAttribute("aria-busy", "true");
  }
}, true);
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const button of document.querySelectorAll("[aria-busy=true]")) button.removeAttribute("aria-busy");
});

// Browsers without anchor positioning get the menu placed by its button.
if (!CSS.supports("position-area", "block-end")) {
  document.addEventListener("toggle", (event) => {
    const menu = event.target;
    if (event.newState !== "open" || !menu.matches?.(".menu")) return;
    const button = document.querySelector(`[popovertarget="${menu.id}"]`).getBoundingClientRect();
    const size = menu.getBoundingClientRect();
    const left = menu.matches(".wide, .panel") ? button.left : button.right - size.width;
    const below = button.bottom + 4;
    menu.style.left = `${Math.max(8, Math.min(left, innerWidth - size.width - 8))}px`;
    menu.style.top = `${below + size.height < innerHeight ? below : Math.max(8, button.top - size.height - 4)}px`;
  }, true);
}

// HTMX: a refusal is said, in the words of the problem page where there is one.
document.addEventListener("htmx:responseError", (event) => {
  const page = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
  toast(page.querySelector("[data-problem]")?.textContent.trim() || "That did not work. Reload the page and try again.");
});
document.addEventListener("htmx:sendError", () => toast("The server can't be reached. Check the connection and try again."));
document.addEventListener("htmx:afterRequest", (event) => { const form = event.target.closest?.("form"); if (form) delete form.dataset.sent; });

// A filtered list says its new count to those who can't see it change.
document.addEventListener("htmx:afterSettle", (event) => {
  const form = event.detail.requestConfig?.elt;
  if (!form?.matches?.(".filters")) return;
  const count = document.querySelector(form.getAttribute("hx-target"))?.querySelector("[data-count]");
  form.querySelector("[role=status]").textContent = count?.textContent.trim() || "The list was updated";
});

showTheme();
document.querySelectorAll(".toast").forEach(tire);

// On a phone the sidebar and the tabs are lines that scroll: the present entry is in sight.
for (const here of document.querySelectorAll(".nav [aria-current], .tabs [aria-current]")) {
  const line = here.closest(".nav, .tabs");
  if (line.scrollWidth > line.clientWidth) line.scrollLeft = here.offsetLeft - (line.clientWidth - here.offsetWidth) / 2;
}

// A picker beside a colour's field: either shows what the other says.
for (const picker of document.querySelectorAll("[data-colour-of]")) {
  const field = document.getElementById(picker.dataset.colourOf);
  picker.addEventListener("input", () => { field.value = picker.value; });
  field.addEventListener("input", () => { if (/^#[0-9a-f]{6}$/i.test(field.value)) picker.value = field.value; });
}
