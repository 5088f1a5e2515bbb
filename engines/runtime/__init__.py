"""Holds what every paper's engine needs to run: device, checkpoints, networks, scheduler, jobs, pictures and clips."""
