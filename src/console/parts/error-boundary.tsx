import { Component, type ReactNode } from 'react';
import { Trouble } from './states.tsx';

interface Props {
  /** What makes it worth another try, such as the address. */
  readonly resetKey: string;
  readonly children: ReactNode;
}

/** A page that breaks takes nothing else with it: the navigation stays, and another page is a click away. */
export class ErrorBoundary extends Component<Props, { readonly error: unknown; readonly key: string }> {
  override state = { error: null as unknown, key: this.props.resetKey };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  static getDerivedStateFromProps({ resetKey }: Props, state: { readonly key: string }) {
    return resetKey === state.key ? null : { error: null, key: resetKey };
  }

  override render(): ReactNode {
    if (this.state.error === null) return this.props.children;
    return <Trouble error={this.state.error} retry={() => this.setState({ error: null })} />;
  }
}
