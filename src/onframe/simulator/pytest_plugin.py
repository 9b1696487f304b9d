"""The pytest fixture `simulated_camera`."""
