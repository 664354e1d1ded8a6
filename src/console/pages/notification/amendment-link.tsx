import type { ComponentProps } from 'react';
import { Link } from 'wouter';

/** To the notification that changes another one or takes it back. Within what closes a dialog, it closes it too. */
export function AmendmentLink({ href = '', ...given }: Omit<ComponentProps<'a'>, 'className'>) {
  return (
    <Link {...given} href={href} className="link">
      How far it is
    </Link>
  );
}
