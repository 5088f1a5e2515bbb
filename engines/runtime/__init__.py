"""The engine layer every paper shares: errors, device, checkpoints, resident models, scheduler, images."""
