"""The demonstration: a town, a patrol over real photos and a watch over a real clip, through the real programs."""

from api.demo.run import run_demo

__all__ = ["run_demo"]
