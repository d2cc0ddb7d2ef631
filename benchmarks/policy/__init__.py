"""Policies against published results: the production core on public traces, each figure beside the one to beat."""
