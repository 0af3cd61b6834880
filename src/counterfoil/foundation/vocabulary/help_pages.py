"""Words of the handbook's pages on the site: its search, its tools, and what readers say of a page."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.console_entries import button, part, problem, word
from counterfoil.foundation.vocabulary.model import Entry, Owner

_PAGES = (
    part("help_search", "搜索手册", "Search the handbook", "输入问题、代码或错误里的几个词；搜索的内容不会保存。", "Type a question, a code or a few words of an error; what you search for is not kept."),
    part("help_found", "找到的页面", "Pages found", "最符合的排在前面。", "The best match comes first."),
    part("help_none_found", "没有找到页面", "No page found", "换几个词，或者只写错误代码；也可以粘贴整段错误，查它的意思。", "Try other words or the error code alone, or paste the whole error and see what it means."),
    part("help_at_a_glance", "一眼看清", "At a glance", "要做什么、由谁处理、可以公开什么、到哪里为止。", "What to do, who acts, what may be shared, and where this page ends."),
    part("help_contents", "本页内容", "On this page", "跳到这一页的某一部分。", "Go to a part of this page."),
    part("help_own_case", "你自己的这次请求", "Your own request", "这一页说明一般情况。这次请求有自己的记录：每项检查的结果可以直接查看，金额和依据要登录后才显示。", "This page tells what is true in general. Your request has its own record: each check is shown to whoever has its id, amounts and evidence after signing in."),
    part("help_answered", "这一页回答了你的问题吗？", "Was this the answer?", "只按页面、语言和日期计数，不记录是谁，也不记录别的。", "Counted by page, language and day; nothing is kept about who said it."),
    part("help_answered_yes", "谢谢，已经记下", "Thank you, counted", "如果以后页面与看到的不符，可以再告诉我们。", "If the page ever differs from what you see, tell us again."),
    part("help_answered_no", "谢谢，已经记下", "Thank you, counted", "可以换个问法搜索、粘贴错误查它的意思，或者联系客服。", "Search in other words, paste the error and see what it means, or ask support."),
    part("help_answered_too_often", "这一次没有计数", "Not counted this time", "这一分钟里提交得太多；页面内容不受影响。", "Too many came within this minute; the page stays as it is."),
    part("help_meanings", "对应的页面", "What it means", "最确定的排在前面；粘贴的内容没有保存，也没有写入日志。", "The surest comes first; what you pasted was neither kept nor logged."),
    part("help_meanings_none", "没有认出这段错误", "This error was not recognised", "只留下错误代码或那一行错误再试；粘贴的内容没有保存，也没有写入日志。", "Try the error code or its one line alone; what you pasted was neither kept nor logged."),
    part("help_check_clean", "没有发现不该发送的内容", "Nothing found that must not be sent", "只按常见的样子检查；发送前请自己再看一遍。", "It knows the common shapes alone; look it over yourself before you send it."),
    part("help_check_found", "发现了不该发送的内容", "Something in it must not be sent", "逐项删掉或换成掩码，再检查一次。", "Take out each, or put a mask in its place, and check again."),
    part("help_needs_script", "需要启用脚本", "Scripts are needed here", "检查只在浏览器里进行，所以需要脚本；内容不会发送到任何地方。", "The check runs in your browser and so needs scripts; nothing is sent anywhere."),
    part("help_twin", "Markdown 版本", "This page in Markdown", "内容相同，便于程序读取。", "The same content, for programs to read."),
    part("help_feed", "订阅更新", "Follow changes", "新的和改过的页面（Atom）。", "New and changed pages, as Atom."),
)  # fmt: skip

_BUTTONS = (
    button("help_search", "搜索", "Search", "显示最符合的页面。", "Shows the pages that fit best."),
    button("help_yes", "是", "Yes", "给这一页计一次「有用」。", "Counts this page as an answer once."),
    button("help_no", "不是", "No", "给这一页计一次「没有用」。", "Counts this page as no answer once."),
    button("help_find_page", "查看含义", "See what it means", "找出说明这段错误的页面；什么也不保存。", "Finds the pages that explain it; nothing is kept."),
    button("help_own_decision", "查看这次请求的决定", "See this request's decision", "打开这次请求的检查结果，不显示金额。", "Opens the request's checks, without amounts."),
    button("help_own_record", "登录控制台查看全部", "Sign in and see all of it", "登录后显示这次请求的金额、依据和下一步。", "After signing in, shows the request's amounts, evidence and next step."),
)  # fmt: skip

_WORDS = (
    word("help_question", "你的问题", "Your question", "例如：余额还有，为什么 402？", "For example: 402 although I have money."),
    word("help_pasted_error", "错误内容", "Error text", "粘贴整段错误即可，不需要请求头、Key 和请求内容。", "The whole error is welcome; no headers, keys or request content are needed."),
    word("help_checked_text", "要检查的文字", "Text to check", "输入时就会检查，只在这个浏览器里，不会发送。", "Checked while you type, in this browser alone; it is not sent."),
    word("help_way", "所在位置", "Where you are", "从手册首页到这一页。", "From the handbook's first page to this one."),
    word("help_byline", "编写", "Written by", "编写这一页的人。", "Who wrote this page."),
    word("help_found_by_code", "按代码认出", "Recognised by its code", "错误里的代码。", "The code in the error."),
    word("help_found_by_words", "按文字认出", "Recognised by its words", "错误里的固定文字。", "Words of the error that are always the same."),
    word("help_found_by_status", "按状态码认出", "Recognised by its status", "错误里的状态码；同一个状态码可能有几种原因。", "The status in the error; several causes may share it."),
    word("help_found_by_search", "按内容搜索", "Found by search", "没有认出代码，按文字搜索得到。", "No code was recognised; its words were searched for."),
)  # fmt: skip

_ERRORS = (
    problem("publish_file_foreign", "文件夹里有别人的文件", "A file of somebody else is in the way", "这个文件不是由发布写入的，或者后来被改过；没有写入任何内容。", "That file was not written by publishing, or was changed since; nothing was written.", "请把它移到别处，或换一个文件夹，再运行一次。", "Move it elsewhere or choose another folder, then run it again.", owner=Owner.OPERATIONS),
    problem("publish_under_way", "另一次发布正在进行", "Another publishing is under way", "另一个进程正在写入这个文件夹；这一次没有写入任何内容。", "Another process is writing to this folder; this run wrote nothing.", "请等它结束后再运行。", "Wait until it has ended, then run it again.", owner=Owner.OPERATIONS),
    problem("publish_folder_unusable", "无法写入这个文件夹", "The folder cannot be written to", "文件夹不存在、不可写或者磁盘已满；已有的文件都是完整的。", "It is not there, may not be written to, or the disk is full; every file that is there is whole.", "请检查路径、权限和磁盘空间，再运行一次。", "Check the path, its permissions and the disk, then run it again.", owner=Owner.OPERATIONS),
    problem("publish_without_address", "缺少公开地址", "The public address is missing", "规范链接、订阅和站点地图需要完整的地址；没有写入任何内容。", "Canonical links, feeds and the sitemap need a whole address; nothing was written.", "请用 --public-url 给出地址，或设置 COUNTERFOIL_PUBLIC_URL。", "Give it by --public-url, or set COUNTERFOIL_PUBLIC_URL.", owner=Owner.OPERATIONS),
)  # fmt: skip

ENTRIES: tuple[Entry, ...] = (*_PAGES, *_BUTTONS, *_WORDS, *_ERRORS)
