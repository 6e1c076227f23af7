"""The mirror's post files: front matter and body, as its script wrote them in each generation."""

from __future__ import annotations

from collections.abc import Iterator

from samplesite.article import DIGEST_ONLY
from samplesite.plan import NO_ZONE
from samplesite.truth import Post, Truth

HOST = "//finews.withounder.com/"


def footer(post: Post) -> tuple[str, list[tuple[str, str]]]:
    """The links below a post: what parts them, and each one's words and target."""
    label = f"返回{post.shelf.label}"
    match post.generation:
        case "0" | "1" | "notice":
            return "", []
        case "2":
            parting, home, target = "\n", "../", "../emnews/"
        case "3":
            parting, home, target = "\n", HOST, f"{HOST}emnews/"
        case "4":
            parting, home, target = "\n", "//finews.zning.me/", "//finews.zning.me/emnews/"
        case "5" | "6":
            parting, home, target = "｜", HOST, f"{HOST}emnews/"
        case "7a" | "7b":
            parting, home, target = "｜", HOST, f"{HOST}{post.shelf.slug}/"
        case _:
            parting, home, target = "｜", HOST, f"{HOST}category/{post.shelf.slug}.html"
    return parting, [(label, target), ("返回首页", home)]


def link_of(truth: Truth, post: Post) -> str | None:
    """The address that a post gives for its article: the share page's, or the original's."""
    if post.generation == "notice":
        return None
    return truth.share_url if "NW" in post.file else truth.original_url


def body_of(truth: Truth, post: Post, crlf: bool | None = None) -> str:
    """A post's body in Markdown, without its links."""
    if post.generation == "notice":
        return f"\n{truth.full.paragraphs[0]}"
    if post.generation == "6":
        return f"> {truth.digest}\n\n{truth.body.html(linked=True, crlf=crlf)}"
    if post.generation == "7a":
        return f"{truth.title}\n{truth.digest}"
    if post.generation == "0" or post.generation in DIGEST_ONLY:
        return f"\n{truth.digest}"
    return truth.body.html(linked=False, crlf=crlf)


def front_matter(post: Post, title: str, date: str) -> str:
    """The lines between the dashes; nothing in the title is escaped."""
    shelf = post.shelf
    double = " " not in shelf.slug and len(shelf.categories) > 1
    categories = " ".join(shelf.categories) if double else shelf.slug
    tags = " ".join(shelf.tags) if double else shelf.label
    return (
        f'---\nlayout: post\ntitle: "{title}"\ndate: {date}\n'
        f"categories: {categories}\ntags: {tags}\n---\n"
    )


def text(truth: Truth, post: Post, blank: bool = False, crlf: bool | None = None) -> str:
    """A post file's text; blank: as the script wrote a record without title, time and URL."""
    zone = "" if post.generation in NO_ZONE or post.generation == "0" else " +0800"
    date = f"{truth.published:%Y-%m-%d %H:%M:%S}{zone}"
    front = front_matter(post, "" if blank else truth.title, zone if blank else date)
    parts = [front + body_of(truth, post, crlf)]
    link = link_of(truth, post)
    if link:
        parts.append("<>" if blank else f"<{link}>")
    parting, links = footer(post)
    if links:
        parts.append(parting.join(f"[{words}]({target})" for words, target in links))
    start = "\n" if post.generation == "0" else ""
    return start + "\n\n".join(parts) + "\n"


def files_of(truth: Truth) -> Iterator[tuple[str, bytes]]:
    """The post files of an article: their paths in the mirror's repository, and their bytes.

    An article with ``crlf`` is there twice, as it was before and after the mirror's script lost
    the line breaks; one with ``blank_record`` has a second file without title, time and URL.
    """
    for post in truth.posts:
        folder = "old_post" if post.path.startswith("/old_post/") else "_posts"
        yield f"{folder}/{post.file}", text(truth, post).encode()
        if "crlf" in truth.oddities:
            yield f"old_post/{post.file}", text(truth, post, crlf=False).encode()
        if "blank_record" in truth.oddities:
            yield f"_posts/-{truth.digits}.md", text(truth, post, blank=True).encode()
