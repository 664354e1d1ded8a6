import { CheckIcon, CopyIcon } from '@radix-ui/react-icons';
import { IconButton } from '@radix-ui/themes';
import { useRef, useState } from 'react';
import { systemClock } from '../../model/clock.ts';
import './copy.css';

const SAID_MS = 1_500;

/** Puts text on the clipboard. Where the browser refuses, the text is selected for the hand to copy. */
export function CopyButton({ text, label }: { readonly text: string; readonly label: string }) {
  const [isCopied, setCopied] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      select(button.current?.closest('.copy')?.querySelector('code') ?? null);
      return;
    }
    setCopied(true);
    systemClock.after(SAID_MS, () => setCopied(false));
  };
  return (
    <IconButton
      ref={button}
      size="1"
      variant="ghost"
      color="gray"
      aria-label={isCopied ? 'Copied' : label}
      onClick={copy}
    >
      {isCopied ? <CheckIcon /> : <CopyIcon />}
    </IconButton>
  );
}

/** Something to copy as it stands: a token, a command. */
export function CopyBlock({ text, label }: { readonly text: string; readonly label: string }) {
  return (
    <div className="copy">
      <pre>
        <code>{text}</code>
      </pre>
      <CopyButton text={text} label={`Copy: ${label}`} />
    </div>
  );
}

/** An id in a line of text. */
export function CopyId({ id }: { readonly id: string }) {
  return (
    <span className="copy copy-inline">
      <code>{id}</code>
      <CopyButton text={id} label={`Copy ${id}`} />
    </span>
  );
}

function select(element: Element | null): void {
  if (element !== null) window.getSelection()?.selectAllChildren(element);
}
