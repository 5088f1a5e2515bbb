"""Holds every kind of control and output that pages are declared with, one in each file."""

from studio.kinds.attention import Attended, Attention
from studio.kinds.camera import Camera
from studio.kinds.captioned import Captioned
from studio.kinds.checkpoint import CheckpointChoice, Published
from studio.kinds.choice import Choice
from studio.kinds.click import Click
from studio.kinds.clip import Clip, Footage, Start
from studio.kinds.comparison import Comparison
from studio.kinds.consent import Consent
from studio.kinds.control import Control
from studio.kinds.curves import Curves
from studio.kinds.file import File
from studio.kinds.globes import Globes
from studio.kinds.hypergraph import Hypergraph
from studio.kinds.image_class import ImageClass
from studio.kinds.movie import Movie
from studio.kinds.notices import Notices
from studio.kinds.number import Number
from studio.kinds.output import Output
from studio.kinds.photo import Photo
from studio.kinds.picture import Picture
from studio.kinds.plate import Plate
from studio.kinds.regions import Matching, Regions
from studio.kinds.rotation import Rotation
from studio.kinds.seed import Seed
from studio.kinds.sketch import Sketch
from studio.kinds.strip import Strip
from studio.kinds.switch import Switch
from studio.kinds.table import Table
from studio.kinds.upload import Upload
from studio.kinds.word import Word

__all__ = [
    "Attended",
    "Attention",
    "Camera",
    "Captioned",
    "CheckpointChoice",
    "Choice",
    "Click",
    "Clip",
    "Comparison",
    "Consent",
    "Control",
    "Curves",
    "File",
    "Footage",
    "Globes",
    "Hypergraph",
    "ImageClass",
    "Matching",
    "Movie",
    "Notices",
    "Number",
    "Output",
    "Photo",
    "Picture",
    "Plate",
    "Published",
    "Regions",
    "Rotation",
    "Seed",
    "Sketch",
    "Start",
    "Strip",
    "Switch",
    "Table",
    "Upload",
    "Word",
]
