"""A converted model for a test, and the token ids that both engines read."""

from pathlib import Path
from typing import Any, TypeVar

from resources.models.ctranslate2_role import CTranslate2Role

Role = TypeVar("Role", bound=CTranslate2Role)


def prepared(role_class: type[Role], source: Path, cache: Path, **fields: Any) -> Role:
    """The role over the model in `source`, converted into `cache`; in float32 unless `fields` say otherwise."""
    role = role_class(source=str(source), cache_dir=str(cache), **{"compute_type": "float32", **fields})
    role.prepare(lambda _: None)
    return role


def token_ids(role: CTranslate2Role, texts: list[str], limit: int) -> list[list[int]]:
    return [encoding.ids for encoding in role.loaded().encoded(texts, limit)]
