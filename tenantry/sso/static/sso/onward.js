// A form that carries a message from one side of a sign-in to the other goes on by itself; its button is for browsers without scripts.
document.querySelector("form[data-onward]")?.submit();
