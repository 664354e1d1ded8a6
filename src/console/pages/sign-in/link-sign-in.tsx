import { type ReactNode, useEffect, useRef } from 'react';
import { useSignInByLink } from '../../data/session.tsx';
import { explainError, Loading } from '../../parts/states.tsx';
import { forgetToken } from './link.ts';

/** Signs in by a link that is good once, as soon as it is followed; `otherwise` is shown where it is not good any more. */
export function LinkSignIn({ token, otherwise }: { readonly token: string; readonly otherwise: ReactNode }) {
  const { mutate, isError, error } = useSignInByLink();
  const isFollowed = useRef(false);
  useEffect(() => {
    // Effects may run twice, and the link is good once.
    if (isFollowed.current) return;
    isFollowed.current = true;
    forgetToken();
    mutate({ token });
  }, [mutate, token]);
  if (!isError) return <Loading label="Signing you in" />;
  const { title, fix } = explainError(error);
  return (
    <>
      <p role="alert" className="threshold-refusal">
        {title}. {fix}
      </p>
      {otherwise}
    </>
  );
}
