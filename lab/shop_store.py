"""The shop's own SQLite file: products, users and orders that the demo's clients ask for."""

import hashlib
import random
import sqlite3
from pathlib import Path
from typing import NamedTuple

PRODUCTS = 400
USERS = 300
ORDERS = 2_000
WORDS = (
    "anchor",
    "buoy",
    "cleat",
    "dinghy",
    "fender",
    "halyard",
    "jib",
    "keel",
    "lantern",
    "mast",
    "oar",
    "rudder",
)
SCHEMA = """
CREATE TABLE IF NOT EXISTS products (
  id INTEGER PRIMARY KEY, name TEXT, price_cents INTEGER, stock INTEGER, text TEXT
);
CREATE TABLE IF NOT EXISTS users (name TEXT PRIMARY KEY, password TEXT);
CREATE TABLE IF NOT EXISTS orders (
  id INTEGER PRIMARY KEY, user TEXT, product INTEGER, amount INTEGER, cents INTEGER
);
"""


class Product(NamedTuple):
    """A row of the catalogue."""

    id: int
    name: str
    price_cents: int
    stock: int
    text: str


def password_of(user: str) -> str:
    """The password of a user of the demo: the generator knows it as well."""
    return f"{user}-sails"


def digest(password: str) -> str:
    """What the shop keeps of a password. A toy: the shop holds nothing worth a slow hash."""
    return hashlib.sha256(password.encode()).hexdigest()


class Store:
    """The shop's database: one connection, used by one thread."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")  # a shop of the demo may forget orders in a crash
        self._db.executescript(SCHEMA)

    def fill(self, seed: int) -> None:
        """Write products, users and orders, once."""
        if self._db.execute("SELECT count(*) FROM products").fetchone()[0]:
            return
        draw = random.Random(seed)
        products = [
            (
                number,
                f"{draw.choice(WORDS)} {draw.choice(WORDS)} {number}",
                draw.randint(199, 49_900),
                draw.randint(0, 90),
                " ".join(draw.choices(WORDS, k=draw.randint(8, 60))),
            )
            for number in range(1, PRODUCTS + 1)
        ]
        users = [(f"user{number}", digest(password_of(f"user{number}"))) for number in range(USERS)]
        orders = [
            (
                number,
                f"user{draw.randrange(USERS)}",
                draw.randint(1, PRODUCTS),
                draw.randint(1, 4),
                draw.randint(500, 90_000),
            )
            for number in range(1, ORDERS + 1)
        ]
        with self._db:
            self._db.executemany("INSERT INTO products VALUES (?,?,?,?,?)", products)
            self._db.executemany("INSERT INTO users VALUES (?,?)", users)
            self._db.executemany("INSERT INTO orders VALUES (?,?,?,?,?)", orders)

    def page(self, number: int, size: int = 20) -> list[Product]:
        """One page of the catalogue."""
        rows = self._db.execute("SELECT * FROM products ORDER BY id LIMIT ? OFFSET ?", (size, number * size))
        return [Product(*row) for row in rows]

    def search(self, words: str, limit: int = 20) -> list[Product]:
        """Products whose name holds `words`."""
        rows = self._db.execute("SELECT * FROM products WHERE name LIKE ? LIMIT ?", (f"%{words}%", limit))
        return [Product(*row) for row in rows]

    def product(self, number: int) -> Product | None:
        """A product by its id."""
        row = self._db.execute("SELECT * FROM products WHERE id = ?", (number,)).fetchone()
        return Product(*row) if row else None

    def order(self, number: int) -> dict[str, object] | None:
        """An order by its id."""
        row = self._db.execute("SELECT * FROM orders WHERE id = ?", (number,)).fetchone()
        return dict(zip(("id", "user", "product", "amount", "cents"), row, strict=True)) if row else None

    def place(self, user: str, product: int, amount: int) -> int:
        """Write an order; its id."""
        with self._db:
            cursor = self._db.execute(
                "INSERT INTO orders (user, product, amount, cents)"
                " SELECT ?, id, ?, price_cents * ? FROM products WHERE id = ?",
                (user, amount, amount, product),
            )
        return cursor.lastrowid or 0 if cursor.rowcount else 0

    def knows(self, user: str, password: str) -> bool:
        """Whether the password is that user's."""
        row = self._db.execute("SELECT password FROM users WHERE name = ?", (user,)).fetchone()
        return row is not None and row[0] == digest(password)

    def sales(self) -> list[tuple[int, int, int]]:
        """The slow report: orders, pieces and cents by product."""
        rows = self._db.execute(
            "SELECT product, count(*), sum(cents) FROM orders GROUP BY product ORDER BY 3 DESC LIMIT 50"
        )
        return list(rows)

    def close(self) -> None:
        """Close the file."""
        self._db.close()
