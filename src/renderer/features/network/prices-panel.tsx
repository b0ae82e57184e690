import type { ReactNode } from 'react'
import { useEffect, useState } from 'react'
import type { NetworkModel, ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { formatCount, formatTailShort } from '../../format/amounts.ts'
import type { PricePoint, PriceTrends } from './price-trend.ts'
import { changePpm, followPrices, trendLine } from './price-trend.ts'

/** What a model costs, and how that moves. */
export function PricesPanel({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  const { models, rules, chain } = snapshot
  const [trends, setTrends] = useState<PriceTrends>(new Map())
  useEffect(() => setTrends((known) => followPrices(known, models, chain.height)), [models, chain.height])
  return (
    <section className="panel" aria-labelledby="prices-title">
      <div className="panel-head">
        <h2 id="prices-title" className="panel-title">
          Prices
        </h2>
        <span className="panel-aside">TAIL for a million output tokens</span>
      </div>
      {models.length === 0 ? (
        <p className="empty">The network serves no model yet.</p>
      ) : (
        <ul className="net-models">
          {models.map((model) => (
            <ModelRow key={model.model} model={model} points={trends.get(model.model) ?? []} />
          ))}
        </ul>
      )}
      <p className="net-how number">
        Nobody sets a price. {rules === null ? 'Now and then' : `Every ${formatCount(rules.priceBlocks)} blocks`} it
        moves by at most 2 %: up where more than half of what the hosts could make was paid, down where it was less. A
        prompt token costs a quarter of an output token.
      </p>
    </section>
  )
}

function ModelRow({
  model,
  points,
}: {
  readonly model: NetworkModel
  readonly points: readonly PricePoint[]
}): ReactNode {
  const ppm = changePpm(points)
  return (
    <li className="net-model" data-testid="model-price">
      <span className="net-model-name mono">{model.model}</span>
      <span className="net-model-price number">{formatTailShort(model.price)}</span>
      <svg viewBox="0 0 100 100" preserveAspectRatio="none" className="net-trend" aria-hidden="true" focusable="false">
        {points.length > 1 && <polyline points={trendLine(points)} vectorEffect="non-scaling-stroke" />}
      </svg>
      <span className="net-model-facts number">
        {formatCount(model.hosts)} {model.hosts === 1 ? 'host' : 'hosts'} to draw, context{' '}
        {formatCount(model.contextTokens)}
      </span>
      <span className="net-model-change number" data-direction={Math.sign(ppm)}>
        {ppm === 0
          ? 'steady since you look'
          : `${ppm > 0 ? '+' : '−'}${(Math.abs(ppm) / 10_000).toFixed(1)} % since you look`}
      </span>
    </li>
  )
}
