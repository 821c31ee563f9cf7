// What the wizard gains when scripts run: the browser's time zone as a first guess.
const zone = document.querySelector("select[data-guess=zone]");
if (zone && zone.value === "UTC") {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if ([...zone.options].some((option) => option.value === own)) zone.value = own;
}
