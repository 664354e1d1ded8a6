import { Button, Dialog, Flex } from '@radix-ui/themes';
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

interface ModalFootProps {
  /** What happens to what was filled in. */
  readonly verb: string;
  readonly isPending: boolean;
  readonly isReady?: boolean;
  readonly onLeave: () => void;
}

/** The last line of a form in a `Modal`: nothing happens, or what the form is for. */
export function ModalFoot({ verb, isPending, isReady = true, onLeave }: ModalFootProps) {
  return (
    <Flex gap="3" justify="end">
      <Button type="button" variant="soft" color="gray" onClick={onLeave}>
        Leave it
      </Button>
      <Button type="submit" loading={isPending} disabled={!isReady}>
        {verb}
      </Button>
    </Flex>
  );
}
