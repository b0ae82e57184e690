import type { ReactNode } from 'react'
import { Component } from 'react'

/** A defect while drawing: says so and offers a reload. The host and the compute worker do not depend on what is drawn. */
export class DefectBoundary extends Component<{ readonly children: ReactNode }, { readonly isBroken: boolean }> {
  override state = { isBroken: false }

  static getDerivedStateFromError(): { readonly isBroken: boolean } {
    return { isBroken: true }
  }

  override render(): ReactNode {
    if (!this.state.isBroken) {
      return this.props.children
    }
    return (
      <main className="page">
        <div className="banner defect" data-tone="warning" role="alert">
          <strong>The screen failed.</strong> The host goes on without it. Reload to see it again; if that does not
          help, please report it with the logs.
          <button type="button" className="button button-small banner-button" onClick={() => location.reload()}>
            Reload
          </button>
        </div>
      </main>
    )
  }
}
