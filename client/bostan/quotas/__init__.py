"""The quota files: which parks, firms and GPU classes there are, and who may hold how many GPUs at one moment."""

from bostan.quotas.checks import check_quotas, quota_warnings
from bostan.quotas.gpu_class import class_of, known_classes
from bostan.quotas.loader import LoadedQuotas, load_quotas, quotas_from, read_quotas
from bostan.quotas.model import Firm, GpuClass, MaxJob, Meta, Park, Pool, QuotaFiles, QuotaNode, Share, Title

__all__ = [
    "Firm",
    "GpuClass",
    "LoadedQuotas",
    "MaxJob",
    "Meta",
    "Park",
    "Pool",
    "QuotaFiles",
    "QuotaNode",
    "Share",
    "Title",
    "check_quotas",
    "class_of",
    "known_classes",
    "load_quotas",
    "quota_warnings",
    "quotas_from",
    "read_quotas",
]
