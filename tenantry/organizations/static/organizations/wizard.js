// What the wizard gains when scripts run: the browser's time zone as a first guess, and a picker beside the colour's field.
const zone = document.querySelector("select[data-guess=zone]");
if (zone && zone.value === "UTC") {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if ([...zone.options].some((option) => option.value === own)) zone.value = own;
}
for (const picker of document.querySelectorAll("[data-colour-of]")) {
  const field = document.getElementById(picker.dataset.colourOf);
  picker.addEventListener("input", () => { field.value = picker.value; });
  field.addEventListener("input", () => { if (/^#[0-9a-f]{6}$/i.test(field.value)) picker.value = field.value; });
}
