import { Cross2Icon } from '@radix-ui/react-icons';
import { Dialog, IconButton } from '@radix-ui/themes';
import type { ReactNode } from 'react';
import { returnFocus } from './opener.ts';
import './drawer.css';

interface DrawerProps {
  readonly title: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** More about one thing, beside what it belongs to. Escape and a click outside put it away. */
export function Drawer({ title, isOpen, onClose, children }: DrawerProps) {
  return (
    <Dialog.Root open={isOpen} onOpenChange={(open) => !open && onClose()}>
      <Dialog.Content className="drawer" aria-describedby={undefined} onCloseAutoFocus={returnFocus}>
        <div className="drawer-head">
          <Dialog.Title size="3" mb="0" className="clip">
            {title}
          </Dialog.Title>
          <Dialog.Close>
            <IconButton variant="ghost" color="gray" aria-label="Close">
              <Cross2Icon />
            </IconButton>
          </Dialog.Close>
        </div>
        <div className="drawer-body">{children}</div>
      </Dialog.Content>
    </Dialog.Root>
  );
}
