/** A dialog over the page. However it ends, the focus goes back to where it was. */
import { type JSX, type ReactNode, useLayoutEffect, useRef } from "react";

interface Props {
  /** The id of its heading. */
  readonly heading: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

export function Dialog({ heading, onClose, children }: Props): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const box = dialog.current;
    box?.showModal();
    // One that is taken away while it is open would leave the focus nowhere.
    return () => box?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={heading}
      onClose={() => {
        // Said a while after it was closed: it may have been taken away or opened again since.
        if (dialog.current !== null && !dialog.current.open) onClose();
      }}
    >
      {children}
    </dialog>
  );
}
