/**
 * The live picture: a mill race. Attempts are the water through the wheel, finds are the sparks that leave it, two lamps are
 * the hosts that check. Invariant: the machine that shows it is the machine that computes, so nothing moves more than ten
 * times a second, nothing moves while the water stands, the tab is hidden or the person prefers stillness.
 */
import type { ReactNode } from 'react'
import { useEffect, useRef } from 'react'
import {
  BED_Y,
  bankPath,
  CHECKPOINTS,
  FIND_FROM_X,
  FLOOR_Y,
  GATE_X,
  HEIGHT,
  LANES,
  laneDashes,
  lanePath,
  pondSurfaceY,
  RUNOFF_LANES,
  runoffPath,
  sheetPath,
  TAIL_Y,
  tailPath,
  WHEEL,
  WIDTH,
} from './mill-geometry.ts'
import { MillMotion } from './mill-motion.ts'
import './mill-race.css'
import type { MillState } from './mill-state.ts'

const GATE_LIFT = { closed: 0, ajar: -18, open: -56 } as const
const SHEET_OPACITY = { closed: 0, ajar: 0.35, open: 0.75 } as const
const LANE_INDICES = Array.from({ length: LANES }, (_, lane) => lane)
const RUNOFF_INDICES = Array.from({ length: RUNOFF_LANES }, (_, lane) => lane)
const BUCKETS = Array.from({ length: WHEEL.buckets }, (_, bucket) => (bucket * 360) / WHEEL.buckets)
const SPOKES = Array.from({ length: WHEEL.spokes }, (_, spoke) => (spoke * 360) / WHEEL.spokes)

export function MillRace({ state }: { readonly state: MillState }): ReactNode {
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
  const isRunning = state.flow > 0 && state.gate !== 'closed'
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
      <path className="mill-stone" d={`M -60 ${FLOOR_Y} H ${WIDTH + 60} V ${HEIGHT + 10} H -60 Z`} />
      <g className="mill-pond" style={{ transform: `translateY(${surfaceY - BED_Y}px)` }}>
        <path className="mill-water" d={`M -60 ${BED_Y} H ${GATE_X} V ${BED_Y + 80} H -60 Z`} />
        <path className="mill-surface" d={`M -60 ${BED_Y} H ${GATE_X}`} />
      </g>
      <Bank />
      <path className="mill-water mill-sheet" d={sheetPath()} style={{ opacity: SHEET_OPACITY[state.gate] }} />
      <path className="mill-water" d={tailPath()} />
      <path className="mill-surface" d={`M ${WHEEL.x + 40} ${TAIL_Y} H ${WIDTH + 60}`} />
      <Lanes flow={state.flow} isRunning={isRunning} />
      <Wheel />
      <Gate lift={GATE_LIFT[state.gate]} />
      <Checkpoints light={state.isVerifying ? 'true' : state.isEarning ? 'paid' : 'false'} />
      <g data-part="finds" transform={`translate(${FIND_FROM_X} ${TAIL_Y + 12})`} />
    </svg>
  )
}

/** Streaks in the water: through the wheel while it runs, off the tailrace alone while the gate is closed. */
function Lanes({ flow, isRunning }: { readonly flow: number; readonly isRunning: boolean }): ReactNode {
  return (
    <g data-part="lanes">
      {LANE_INDICES.map((lane) => (
        <path
          key={lane}
          className="mill-lane"
          d={lanePath(lane)}
          strokeDasharray={laneDashes(lane)}
          strokeWidth={1.5 + (lane % 3) * 0.7}
          style={{ opacity: isRunning ? 0.22 + 0.5 * flow - 0.05 * (lane % 3) : 0 }}
        />
      ))}
      {RUNOFF_INDICES.map((lane) => (
        <path
          key={lane}
          className="mill-lane"
          d={runoffPath(lane)}
          strokeDasharray={laneDashes(lane + 3)}
          strokeWidth={1.5}
          style={{ opacity: flow > 0 && !isRunning ? 0.35 : 0 }}
        />
      ))}
    </g>
  )
}

/** The hosts that check, as lamps beside the tailrace. */
function Checkpoints({ light }: { readonly light: 'true' | 'paid' | 'false' }): ReactNode {
  return (
    <g>
      {CHECKPOINTS.map((x) => (
        <g key={x}>
          <path className="mill-post" d={`M ${x} ${TAIL_Y - 12} V ${TAIL_Y - 42}`} />
          <circle className="mill-lamp" cx={x} cy={TAIL_Y - 52} r={10} data-lit={light} />
        </g>
      ))}
    </g>
  )
}

/** The masonry under the headrace and round the wheel. */
function Bank(): ReactNode {
  return (
    <g>
      <path className="mill-stone" d={bankPath()} />
      <path className="mill-stone-line" d={`M -60 ${BED_Y} H ${GATE_X + 34}`} />
      <path className="mill-stone-line" d={`M -60 ${BED_Y + 30} H ${GATE_X + 40}`} strokeDasharray="92 6 64 6 118 6" />
      <path className="mill-stone-line" d={`M -60 ${BED_Y + 62} H ${GATE_X + 62}`} strokeDasharray="70 6 110 6 84 6" />
    </g>
  )
}

function Wheel(): ReactNode {
  const { x, y, radius, rim } = WHEEL
  return (
    <g>
      <path className="mill-frame" d={`M ${x} ${y} L ${x - 54} ${FLOOR_Y} M ${x} ${y} L ${x + 54} ${FLOOR_Y}`} />
      <g data-part="wheel" transform={`rotate(0 ${x} ${y})`}>
        <circle className="mill-body" cx={x} cy={y} r={radius - 2} strokeWidth={4.5} />
        <circle className="mill-body" cx={x} cy={y} r={rim} strokeWidth={4} />
        <circle className="mill-body" cx={x} cy={y} r={26} strokeWidth={3} />
        {SPOKES.map((angle) => (
          <path
            key={angle}
            className="mill-body"
            d={`M ${x + 26} ${y} H ${x + rim}`}
            strokeWidth={3}
            transform={`rotate(${angle} ${x} ${y})`}
          />
        ))}
        {BUCKETS.map((angle) => (
          <path
            key={angle}
            className="mill-body"
            d={`M ${x + rim} ${y} L ${x + rim + 14} ${y} L ${x + radius - 2} ${y - 13}`}
            strokeWidth={3.5}
            strokeLinejoin="round"
            transform={`rotate(${angle} ${x} ${y})`}
          />
        ))}
      </g>
      <circle className="mill-hub" cx={x} cy={y} r={9} />
    </g>
  )
}

function Gate({ lift }: { readonly lift: number }): ReactNode {
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
