const OVER_THE_PAGE = '[role="dialog"], [role="alertdialog"], [role="menu"]';
const TAKES_FOCUS = 'a, button, input, select, textarea, [tabindex]';

let opener: HTMLElement | null = null;

/**
 * Keeps in mind what of the page itself was used last. Dialogs follow menus and other dialogs, none of which is there any
 * more when the last of them closes; what had the focus just before it is no place to go back to.
 */
export function watchOpeners(page: Document): void {
  const note = ({ target }: Event) => {
    if (!(target instanceof Element)) return;
    const used = target.closest<HTMLElement>(TAKES_FOCUS);
    if (used !== null && used.closest(OVER_THE_PAGE) === null) opener = used;
  };
  page.addEventListener('focusin', note);
  // Not every browser gives the focus to a button that is clicked.
  page.addEventListener('pointerdown', note, { capture: true });
}

/** Of a dialog that closes: back to what it was opened with, or to the page if that is gone with what was done. */
export function returnFocus(event: Event): void {
  event.preventDefault();
  if (opener?.isConnected) opener.focus();
  else if (document.activeElement === document.body) document.querySelector<HTMLElement>('#content')?.focus();
}
