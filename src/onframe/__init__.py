"""Onframe: the metadata of ISAPI cameras, frame for frame."""
