"""Tenfold's tool: the CLI, the stages, the engine, the drills' machinery and the verdicts."""
