import { Cross2Icon } from '@radix-ui/react-icons';
import { IconButton } from '@radix-ui/themes';
import { createContext, type ReactNode, use, useCallback, useMemo, useRef, useState } from 'react';
import { systemClock } from '../../model/clock.ts';
import { explainError } from './states.tsx';
import './toasts.css';

interface Toast {
  readonly id: number;
  readonly kind: 'done' | 'failed';
  readonly title: string;
  readonly detail: string | null;
}

interface Toasts {
  done(title: string, detail?: string): void;
  failed(error: unknown): void;
  /** Stays, as an error does. */
  refused(title: string, detail: string): void;
}

const ToastsContext = createContext<Toasts | null>(null);
const SHOWN_MS = 7_000;

/** Short words on what was just done. Errors stay until they are dismissed. */
export function ToastsProvider({ children }: { readonly children: ReactNode }) {
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const shown = useRef(0);
  const dismiss = useCallback((id: number) => setToasts((all) => all.filter((toast) => toast.id !== id)), []);
  const show = useCallback(
    (toast: Omit<Toast, 'id'>) => {
      const id = ++shown.current;
      setToasts((all) => [...all, { ...toast, id }].slice(-3));
      if (toast.kind === 'done') systemClock.after(SHOWN_MS, () => dismiss(id));
    },
    [dismiss],
  );
  const calls = useMemo<Toasts>(
    () => ({
      done: (title, detail) => show({ kind: 'done', title, detail: detail ?? null }),
      failed: (error) => {
        const { title, fix } = explainError(error);
        show({ kind: 'failed', title, detail: fix });
      },
      refused: (title, detail) => show({ kind: 'failed', title, detail }),
    }),
    [show],
  );
  return (
    <ToastsContext value={calls}>
      {children}
      <section className="toasts" aria-label="Messages" aria-live="polite">
        {toasts.map(({ id, kind, title, detail }) => (
          <div key={id} className={`toast toast-${kind}`}>
            <div className="toast-words">
              <p className="toast-title">{title}</p>
              {detail !== null && <p className="toast-detail">{detail}</p>}
            </div>
            <IconButton size="1" variant="ghost" color="gray" aria-label="Dismiss" onClick={() => dismiss(id)}>
              <Cross2Icon />
            </IconButton>
          </div>
        ))}
      </section>
    </ToastsContext>
  );
}

export function useToasts(): Toasts {
  const toasts = use(ToastsContext);
  if (toasts === null) throw new Error('useToasts is called outside ToastsProvider');
  return toasts;
}
