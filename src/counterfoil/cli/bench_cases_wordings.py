"""The sets of wordings that were made without knowing the desk's rules. Nothing here does I/O."""

from __future__ import annotations

from counterfoil.cli import bench_cases_fresh_times as fresh_times
from counterfoil.cli import bench_cases_fresh_words as fresh
from counterfoil.cli import bench_cases_held_out as held_out
from counterfoil.cli import bench_cases_held_out_words as held_out_words
from counterfoil.cli.bench_cases_model import Wording, Words

HELD_OUT = Words(
    wording=Wording.HELD_OUT, openers=held_out.OPENERS, fragments=held_out.FRAGMENTS, messes=held_out.MESSES,
    shapes=held_out.SHAPES, paid_by=held_out.PAID_BY, joints=held_out.JOINTS, write_time=held_out_words.write_time,
    write_window=held_out_words.write_window, write_amount=held_out_words.write_amount,
)  # fmt: skip
FRESH = Words(
    wording=Wording.FRESH, openers=fresh.OPENERS, fragments=fresh.FRAGMENTS, messes=fresh.MESSES, shapes=fresh.SHAPES,
    paid_by=fresh.PAID_BY, joints=fresh.JOINTS, write_time=fresh_times.write_time, write_window=fresh_times.write_window,
    write_amount=fresh_times.write_amount, task_names=fresh.TASK_NAMES, astray=fresh.ASTRAY, astray_share=0.12,
    jumbled_share=0.35,
)  # fmt: skip
