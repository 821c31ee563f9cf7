// Passkeys: <form data-passkey="create|get" data-options="where the options are">. The form is shown where the browser knows passkeys.
// The button asks for one, puts the answer into the field "credential", and sends the form like any other. data-with="a box elsewhere"
// has its answer go along, in the field of the same name.
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

// The options as JSON (WebAuthn level 3, parse…OptionsFromJSON), for browsers that can't yet.
function readOptions(options) {
  const read = { ...options, challenge: bytes(options.challenge) };
  if (options.user) read.user = { ...options.user, id: bytes(options.user.id) };
  for (const list of ["excludeCredentials", "allowCredentials"]) {
    if (options[list]) read[list] = options[list].map((one) => ({ ...one, id: bytes(one.id) }));
  }
  return read;
}

// The answer as JSON (toJSON).
function written(credential) {
  const answer = credential.response;
  const response = { clientDataJSON: text(answer.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (answer[name]) response[name] = text(answer[name]);
  }
  if (answer.getTransports) response.transports = answer.getTransports();
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response, clientExtensionResults: {} };
}

async function ask(form) {
  const token = form.elements.csrfmiddlewaretoken?.value ?? "";
  const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token };
  const answer = await fetch(form.dataset.options, { method: "POST", headers, body: "{}" });
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.detail);
  const publicKey = readOptions(found.options);
  return form.dataset.passkey === "create" ? navigator.credentials.create({ publicKey }) : navigator.credentials.get({ publicKey });
}

function say(form, words) {
  const note = form.querySelector("[data-passkey-note]");
  note.textContent = words;
  note.hidden = !words;
}

for (const form of window.PublicKeyCredential ? document.querySelectorAll("form[data-passkey]") : []) {
  form.hidden = false;
  for (const other of document.querySelectorAll("[data-passkey-missing]")) other.hidden = true;
  form.addEventListener("submit", async (event) => {
    if (form.elements.credential.value) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!form.reportValidity()) return;
    const button = form.querySelector("button");
    button.setAttribute("aria-busy", "true");
    say(form, "");
    try {
      const box = form.dataset.with && document.querySelector(form.dataset.with);
      if (box) form.elements[box.name].value = box.checked ? "on" : "";
      form.elements.credential.value = JSON.stringify(written(await ask(form)));
      delete form.dataset.sent; // portal.js thinks that it left already
      form.requestSubmit();
    } catch (error) {
      const known = {
        NotAllowedError: "It was cancelled, or no passkey answered in time.", InvalidStateError: "This device is registered already.",
        SecurityError: `Browsers take passkeys for a site's proper name alone, and this page was opened as ${location.hostname}. On your own machine open it as localhost.`,
      };
      say(form, known[error.name] ?? error.message ?? "That did not work. Try again.");
      delete form.dataset.sent;
      button.removeAttribute("aria-busy");
    }
  }, true);
}
