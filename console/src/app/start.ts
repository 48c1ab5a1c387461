/** Draws the frame of the page, which stands in the document, before anything of the console is loaded. */
import "../ui/theme.css";
import "../ui/layout.css";

const start = (): void => void import("./main");

// A page in the background is not drawn, and nobody waits for it.
if (document.visibilityState === "hidden") start();
else requestAnimationFrame(() => setTimeout(start));
