"""Questions asked at once, answered together: while one round is under way, those who come wait for the next.

Nobody waits for company: who finds nothing under way begins at once, alone. So a quiet server is as quick as without, and a busy one
pays once for many.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Question = TypeVar("Question")
Answer = TypeVar("Answer")


class Gathering(Generic[Key, Question, Answer]):
    """``carry_out`` answers some questions of one key, each in its place; an exception in an answer's place is raised to who asked."""

    def __init__(self, carry_out: Callable[[Key, Sequence[Question]], Awaitable[Sequence[Answer | Exception]]], *, most: int) -> None:
        self._carry_out, self._most = carry_out, most
        self._waiting: dict[Key, list[tuple[Question, asyncio.Future[Answer]]]] = {}
        self._rounds: set[asyncio.Task[None]] = set()

    async def ask(self, key: Key, question: Question) -> Answer:
        """The answer to one question. Raises what ``carry_out`` raises, to all of that round."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.get(key)
        if waiting is None:
            self._waiting[key] = [(question, future)]
            task = asyncio.create_task(self._until_nobody_waits(key))
            self._rounds.add(task)  # the loop itself holds tasks weakly
            task.add_done_callback(self._rounds.discard)
        else:
            waiting.append((question, future))
        return await future

    async def _until_nobody_waits(self, key: Key) -> None:
        while asked := self._waiting[key][: self._most]:
            del self._waiting[key][: self._most]
            answers: Sequence[Answer | Exception]
            try:
                answers = await self._carry_out(key, [question for question, _ in asked])
            except Exception as error:  # theirs who asked, and the next round goes on
                answers = [error] * len(asked)
            for (_, future), answer in zip(asked, answers, strict=True):
                if future.done():  # whoever asked is gone
                    continue
                if isinstance(answer, Exception):
                    future.set_exception(answer)
                else:
                    future.set_result(answer)
        del self._waiting[key]
