/**
 * The live picture: a mill race. Attempts are the water through the wheel, finds are the sparks that leave it, two lamps are
 * the hosts that check. Invariant: the machine that shows it is the machine that computes, so nothing moves more than ten
 * times a second, nothing moves while the water stands, the tab is hidden or the person prefers stillness.
 */
import { useEffect, useRef } from 'react'
import {
  BED_Y,
  CHECKPOINTS,
  FIND_FROM_X,
  FLOOR_Y,
  GATE_X,
  HEIGHT,
  LANES,
  laneDashes,
  lanePath,
  pondSurfaceY,
  TAIL_Y,
  WHEEL,
  WIDTH,
} from './mill-geometry.ts'
import { MillMotion } from './mill-motion.ts'
import './mill-race.css'
import type { MillState } from './mill-state.ts'

const GATE_LIFT = { closed: 0, ajar: -16, open: -52 } as const
const LANE_INDICES = Array.from({ length: LANES }, (_, lane) => lane)
const BLADES = Array.from({ length: WHEEL.blades }, (_, blade) => (blade * 360) / WHEEL.blades)
const SPOKES = [0, 45, 90, 135]

export function MillRace({ state }: { readonly state: MillState }) {
  const picture = useRef<SVGSVGElement>(null)
  const motion = useRef<MillMotion>(null)
  useEffect(() => {
    if (picture.current === null) {
      return
    }
    const started = new MillMotion(picture.current)
    motion.current = started
    return () => started.stop()
  }, [])
  useEffect(() => motion.current?.show(state), [state])
  const isMoving = state.flow > 0
  const surfaceY = pondSurfaceY(state.pond)
  return (
    <svg
      ref={picture}
      className="mill"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="xMidYMax slice"
      aria-hidden="true"
      focusable="false"
    >
      <defs>
        <linearGradient id="mill-water-fill" x1="0" x2="0" y1="0" y2="1">
          <stop offset="0" stopColor="var(--water)" stopOpacity="0.5" />
          <stop offset="1" stopColor="var(--water-deep)" stopOpacity="0.9" />
        </linearGradient>
      </defs>
      <Stone />
      <g className="mill-pond" style={{ transform: `translateY(${surfaceY - BED_Y}px)` }}>
        <path className="mill-water" d={`M -60 ${BED_Y} H ${GATE_X} V ${BED_Y + 80} H -60 Z`} clipPath="none" />
        <path className="mill-surface" d={`M -60 ${BED_Y} H ${GATE_X}`} />
      </g>
      <StoneFront />
      <path className="mill-water" d={`M ${WHEEL.x - 30} ${TAIL_Y} H ${WIDTH + 60} V ${FLOOR_Y} H ${WHEEL.x - 30} Z`} />
      <path className="mill-surface" d={`M ${WHEEL.x + 60} ${TAIL_Y} H ${WIDTH + 60}`} />
      <path className="mill-sheet" d={lanePath(3)} style={{ opacity: isMoving && state.gate !== 'closed' ? 0.3 : 0 }} />
      <g data-part="lanes">
        {LANE_INDICES.map((lane) => (
          <path
            key={lane}
            className="mill-lane"
            d={lanePath(lane)}
            strokeDasharray={laneDashes(lane)}
            style={{ opacity: isMoving ? 0.18 + 0.5 * state.flow - 0.04 * (lane % 3) : 0 }}
          />
        ))}
      </g>
      <Wheel />
      <Gate lift={GATE_LIFT[state.gate]} />
      {CHECKPOINTS.map((x) => (
        <g key={x}>
          <path className="mill-post" d={`M ${x} ${TAIL_Y - 12} V ${TAIL_Y - 42}`} />
          <circle
            className="mill-lamp"
            cx={x}
            cy={TAIL_Y - 52}
            r={10}
            data-lit={state.isVerifying ? 'true' : state.isEarning ? 'paid' : 'false'}
          />
        </g>
      ))}
      <g data-part="finds" transform={`translate(${FIND_FROM_X} ${TAIL_Y + 12})`} />
    </svg>
  )
}

/** Behind the water. */
function Stone() {
  return <path className="mill-stone" d={`M -60 ${FLOOR_Y} H ${WIDTH + 60} V ${HEIGHT + 10} H -60 Z`} />
}

/** The bank that carries the headrace and curves round the wheel. */
function StoneFront() {
  const radius = WHEEL.radius + 12
  const bank = [
    `M -60 ${BED_Y}`,
    `H ${WHEEL.x - radius + 2}`,
    `A ${radius} ${radius} 0 0 0 ${WHEEL.x} ${WHEEL.y + radius}`,
    `V ${HEIGHT + 10}`,
    'H -60 Z',
  ].join(' ')
  const rows = [BED_Y + 30, BED_Y + 62]
  return (
    <g>
      <path className="mill-stone" d={bank} />
      <path className="mill-stone-line" d={`M -60 ${BED_Y} H ${WHEEL.x - radius + 2}`} />
      {rows.map((y, row) => (
        <path
          key={y}
          className="mill-stone-line"
          d={`M -60 ${y} H ${WHEEL.x - radius + 14 + 40 * row}`}
          strokeDasharray={row === 0 ? '92 6 64 6 118 6' : '70 6 110 6 84 6'}
        />
      ))}
    </g>
  )
}

function Wheel() {
  const { x, y, radius } = WHEEL
  return (
    <g>
      <path className="mill-frame" d={`M ${x} ${y} L ${x - 54} ${FLOOR_Y} M ${x} ${y} L ${x + 54} ${FLOOR_Y}`} />
      <g data-part="wheel" transform={`rotate(0 ${x} ${y})`}>
        <circle className="mill-body" cx={x} cy={y} r={radius - 20} strokeWidth={4} />
        <circle className="mill-body" cx={x} cy={y} r={radius - 40} strokeWidth={2} opacity={0.6} />
        {SPOKES.map((angle) => (
          <path
            key={angle}
            className="mill-body"
            d={`M ${x - radius + 22} ${y} H ${x + radius - 22}`}
            strokeWidth={3}
            transform={`rotate(${angle} ${x} ${y})`}
          />
        ))}
        {BLADES.map((angle) => (
          <path
            key={angle}
            className="mill-blade"
            d={`M ${x + radius - 28} ${y - 4} L ${x + radius} ${y + 6}`}
            transform={`rotate(${angle} ${x} ${y})`}
          />
        ))}
      </g>
      <circle className="mill-hub" cx={x} cy={y} r={11} />
    </g>
  )
}

function Gate({ lift }: { readonly lift: number }) {
  const top = 196
  return (
    <g>
      <g className="mill-gate" style={{ transform: `translateY(${lift}px)` }}>
        <rect className="mill-gate-plate" x={GATE_X - 5} y={238} width={10} height={BED_Y - 238} rx={2} />
        <path className="mill-body" d={`M ${GATE_X} ${top - 8} V 240`} strokeWidth={3} />
      </g>
      <path className="mill-gate-frame" d={`M ${GATE_X - 16} ${BED_Y} V ${top} H ${GATE_X + 16} V ${BED_Y}`} />
    </g>
  )
}
