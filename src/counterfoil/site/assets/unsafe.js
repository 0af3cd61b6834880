// What looks like something that must not be sent. The server decides what it takes; these are for hints in the browser.
"use strict";

const passesLuhn = (text) => {
  const digits = text.replace(/\D/g, "");
  let sum = 0;
  for (let place = 0; place < digits.length; place += 1) {
    let digit = Number(digits[digits.length - 1 - place]);
    if (place % 2 === 1) digit = digit > 4 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return digits.length >= 13 && digits.length <= 19 && sum % 10 === 0;
};

// In this order: the first that fits is said.
const unsafeLooks = [
  ["image", (text) => /^data:image\/|^iVBORw0KGgo|^\/9j\/4AA/.test(text)],
  ["api_key", (text) => /\b(?:sk|pk|rk|whsec|AIza|ghp|xox[abp])[-_][A-Za-z0-9_-]{12,}/.test(text)],
  ["authorization", (text) => /\b(?:bearer|basic)\s+[A-Za-z0-9._~+/=-]{12,}|\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+/i.test(text)],
  ["cookie", (text) => /\b(?:set-)?cookie\s*:|\bx-api-key\s*:/i.test(text)],
  ["password", (text) => /(?:password|passwd|密码|验证码)\s*(?:[:：=]|是)\s*\S{3,}/i.test(text)],
  ["card", (text) => (text.match(/\d(?:[ -]?\d){12,18}/g) || []).some(passesLuhn)],
  ["id", (text) => /(?:^|\D)\d{17}[\dXx](?:\D|$)/.test(text)],
  ["payment_link", (text) => /https?:\/\/\S*(?:pay|cashier|checkout|qr)\S*|weixin:\/\/wxpay|alipays?:\/\//i.test(text)],
  ["phone", (text) => /(?:^|\D)1[3-9]\d{9}(?:\D|$)/.test(text)],
  ["order_number", (text, name) => name === "order_mask" && /[0-9A-Za-z-]{9,}/.test(text) && !/…|\.{2,}|\*/.test(text)],
  ["code", (text, name) => name === "code_last_four" && /[0-9A-Za-z-]{8,}/.test(text) && !/…|\.{2,}|\*/.test(text)],
  ["request_body", (text) => /"(?:messages|prompt|input)"\s*:/.test(text)],
  ["log_dump", (text) => text.split("\n").length > 12],
];

