import { Dialog } from '@radix-ui/themes';
import type { ReactNode } from 'react';
import { returnFocus } from './opener.ts';

interface ModalProps {
  readonly title: string;
  readonly maxWidth: string;
  readonly onClose: () => void;
  /** It shows what is shown only once: a click beside it does not put it away. */
  readonly isKept?: boolean;
  readonly children: ReactNode;
}

/** A form or a few words over the page, open as long as it is there. */
export function Modal({ title, maxWidth, onClose, isKept = false, children }: ModalProps) {
  return (
    <Dialog.Root open onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Dialog.Content
        maxWidth={maxWidth}
        aria-describedby={undefined}
        onCloseAutoFocus={returnFocus}
        onInteractOutside={(event) => isKept && event.preventDefault()}
      >
        <Dialog.Title size="4">{title}</Dialog.Title>
        {children}
      </Dialog.Content>
    </Dialog.Root>
  );
}
