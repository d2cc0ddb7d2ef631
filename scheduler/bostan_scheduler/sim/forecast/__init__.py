"""Forecasts of starts: a frozen snapshot is played on many times by the engine, each time with other run times and arrivals."""
