"""Sample files of Stripe, PayPal, OpenAI, Anthropic, OpenRouter and our own sandbox."""

from __future__ import annotations

import json
from typing import Any

from reconcile.statements.samples import Sample

ORDER_1, ORDER_2, ORDER_3 = "019ac1e0" + "1" * 24, "019ac1e0" + "2" * 24, "019ac1e0" + "3" * 24
DAY = 1795824000  # 2026-11-28T00:00:00Z

_STRIPE_REPORT_HEADER = (
    "balance_transaction_id,created_utc,available_on_utc,currency,gross,fee,net,reporting_category,source_id,description,"
    "charge_id,payment_intent_id,automatic_payout_id,customer_email,payment_metadata[order],refund_metadata[refund],"
    "refund_metadata[order]\n"
)
STRIPE_REPORT = (
    _STRIPE_REPORT_HEADER
    + f"""txn_3A1,2026-11-28 09:15:02,2026-11-30 00:00:00,usd,30.00,1.17,28.83,charge,ch_3A1,Recharge,ch_3A1,pi_3A1,po_9,ann@example.com,{ORDER_1},,
txn_3A2,2026-11-28 09:20:11,2026-11-30 00:00:00,jpy,5000,180,4820,charge,ch_3A2,"Recharge, 日本",ch_3A2,pi_3A2,po_8,,{ORDER_2},,
txn_3A3,2026-11-28 10:00:00,2026-11-30 00:00:00,usd,100.00,3.20,96.80,charge,ch_3A3,Partial,ch_3A3,pi_3A3,po_9,,{ORDER_3},,
txn_3A4,2026-11-28 10:00:01,2026-11-30 00:00:00,usd,-40.00,-1.16,-38.84,partial_capture_reversal,ch_3A3,Partial,ch_3A3,pi_3A3,po_9,,{ORDER_3},,
txn_3A5,2026-11-28 11:30:00,2026-11-28 11:30:00,usd,-10.00,0.00,-10.00,refund,re_3A1,"REFUND FOR ""Recharge"" again",ch_3A1,pi_3A1,po_9,,{ORDER_1},019ac1e0{"a" * 24},{ORDER_1}
txn_3A6,2026-11-28 12:00:00,2026-11-28 12:00:00,usd,-15.00,15.00,-30.00,dispute,dp_3A1,Chargeback withdrawal for ch_3A1,ch_3A1,pi_3A1,po_9,,,,
txn_3A7,2026-11-28 13:00:00,2026-11-28 13:00:00,usd,-2.50,0.00,-2.50,fee,,Billing (2026-11-27): Radar,,,po_9,,,,
txn_3A8,2026-11-29 00:00:00,2026-12-01 00:00:00,usd,-44.29,0.00,-44.29,payout,po_9,STRIPE PAYOUT,,,po_9,,,,
"""
)

_STRIPE_DASHBOARD_HEADER = (
    "id,Type,Source,Amount,Fee,Destination Platform Fee,Destination Platform Fee Currency,Net,Currency,Created (UTC),"
    "Available On (UTC),Description,Customer Facing Amount,Customer Facing Currency,Transfer,Transfer Date (UTC),"
    "Transfer Group,order (metadata),refund (metadata)\n"
)
STRIPE_DASHBOARD = (
    _STRIPE_DASHBOARD_HEADER
    + f"""txn_3A8,payout,po_9,-28.83,0.00,,,-28.83,usd,2026-11-29 00:00,2026-12-01 00:00,STRIPE PAYOUT,,,po_9,2026-12-01 00:00,,,
txn_3A6,adjustment,du_3A1,-30.00,15.00,,,-45.00,usd,2026-11-28 12:00,2026-11-28 12:00,Chargeback withdrawal for ch_3A1XYZ,,,,,,,
txn_3A5,refund,re_3A1,-10.00,0.00,,,-10.00,usd,2026-11-28 11:30,2026-11-28 11:30,REFUND FOR CHARGE,-10.00,usd,po_9,2026-12-01 00:00,,{ORDER_1},019ac1e0{"a" * 24}
txn_3A1,charge,ch_3A1XYZ,"1,030.00",30.17,,,999.83,usd,2026-11-28 09:15,2026-11-30 00:00,Recharge,"1,030.00",usd,po_9,2026-12-01 00:00,,{ORDER_1},
"""
)

_PAYPAL_HEADER = (
    '"Date","Time","TimeZone","Name","Type","Status","Currency","Gross","Fee","Net","From Email Address",'
    '"To Email Address","Transaction ID","Item Title","Reference Txn ID","Invoice Number","Custom Number","Balance",'
    '"Subject","Note","Balance Impact"\n'
)
PAYPAL = (
    _PAYPAL_HEADER
    + f""""11/28/2026","06:53:17","PST","Ann Example","Express Checkout Payment","Completed","USD","1,234.00","-43.56","1,190.44","ann@example.com","shop@example.com","8AB12345CD678901E","Recharge","","{ORDER_1}","","1,190.44","Recharge","","Credit"
"11/28/2026","07:00:00","PST","Ann Example","Payment Refund","Completed","USD","-100.00","3.00","-97.00","shop@example.com","ann@example.com","8AB12345CD678902E","","8AB12345CD678901E","{ORDER_1}","","1,093.44","","","Debit"
"11/28/2026","07:10:00","PST","Bob Example","Website Payment","Pending","USD","20.00","0.00","20.00","bob@example.com","shop@example.com","8AB12345CD678903E","","","","{ORDER_2}","1,093.44","","","Memo"
"11/28/2026","08:00:00","PST","","General Withdrawal","Completed","USD","-500.00","0.00","-500.00","","","8AB12345CD678904E","","","","","593.44","","","Debit"
"11/28/2026","08:30:00","PST","","Chargeback Fee","Completed","USD","-20.00","0.00","-20.00","","","8AB12345CD678905E","","8AB12345CD678901E","","","573.44","","","Debit"
"""
)
_PAYPAL_DE_HEADER = (
    '"Datum";"Uhrzeit";"Zeitzone";"Name";"Typ";"Status";"Währung";"Brutto";"Gebühr";"Netto";"Absender E-Mail-Adresse";'
    '"Empfänger E-Mail-Adresse";"Transaktionscode";"Zugehöriger Transaktionscode";"Rechnungsnummer";"Zollnummer";'
    '"Guthaben";"Betreff";"Auswirkung auf Guthaben"\n'
)
PAYPAL_DE = (
    _PAYPAL_DE_HEADER
    + f""""03.11.2026";"09:53:17";"CET";"Ann Beispiel";"PayPal Express-Zahlung";"Abgeschlossen";"EUR";"1.234,00";"-43,56";"1.190,44";"ann@example.com";"shop@example.com";"8AB12345CD678911E";"";"{ORDER_1}";"";"1.190,44";"Aufladung";"Haben"
"03.11.2026";"10:00:00";"CET";"Ann Beispiel";"Rückzahlung";"Abgeschlossen";"EUR";"-100,00";"0,00";"-100,00";"shop@example.com";"ann@example.com";"8AB12345CD678912E";"8AB12345CD678911E";"{ORDER_1}";"";"1.090,44";"";"Soll"
"03.11.2026";"11:00:00";"CET";"";"Von Nutzer eingeleitete Abbuchung";"Ausstehend";"EUR";"-90,00";"0,00";"-90,00";"";"";"8AB12345CD678913E";"";"";"";"1.000,44";"";"Soll"
"""
)
_PAYPAL_ZH_HEADER = (
    '"日期","时间","时区","名称","类型","状态","币种","总额","费用","净额","发件人邮箱地址","收件人邮箱地址","交易号",'
    '"物品名称","参考交易号","账单号","自定义号码","余额","主题","引起余额变动"\n'
)
PAYPAL_ZH = (
    _PAYPAL_ZH_HEADER
    + f""""2026/11/28","14:53:17","GMT+08:00","王小明","快速结账付款","已完成","USD","100.00","-4.70","95.30","wang@example.com","shop@example.com","8AB12345CD678921E","充值","","{ORDER_1}","","95.30","充值","贷记"
"2026/11/28","15:00:00","GMT+08:00","王小明","付款退款","已完成","USD","-30.00","0.00","-30.00","shop@example.com","wang@example.com","8AB12345CD678922E","","8AB12345CD678921E","{ORDER_1}","","65.30","","借记"
"2026/11/28","16:00:00","GMT+08:00","","一般提现","已完成","USD","-60.00","0.00","-60.00","","","8AB12345CD678923E","","","","","5.30","","借记"
"""
)

_BUCKETS = "start_time,end_time,start_time_iso,end_time_iso"
_ISO = "2026-11-28T00:00:00+00:00,2026-11-29T00:00:00+00:00"
_OPENAI_USAGE_HEADER = (
    f"{_BUCKETS},project_id,num_model_requests,user_id,api_key_id,model,batch,service_tier,input_tokens,output_tokens,"
    "input_cached_tokens,input_uncached_tokens,input_text_tokens,output_text_tokens,input_audio_tokens,output_audio_tokens\n"
)
OPENAI_USAGE = (
    _OPENAI_USAGE_HEADER
    + f"""{DAY - 86400},{DAY},2026-11-27T00:00:00+00:00,2026-11-28T00:00:00+00:00,,,,,,,,,,,,,,,
{DAY},{DAY + 86400},{_ISO},proj_a,12,,key_1,gpt-5-mini-2025-08-07,false,default,1000,500,800,200,1000,500,0,0
{DAY},{DAY + 86400},{_ISO},proj_a,3,,key_2,gpt-5-mini-2025-08-07,false,default,300,70,0,300,300,70,0,0
{DAY},{DAY + 86400},{_ISO},proj_a,1,,key_1,gpt-5-2025-08-07,false,default,40,9,0,40,40,9,0,0
"""
)
_OPENAI_COSTS_HEADER = (
    f"{_BUCKETS},amount_value,amount_currency,quantity,quantity_unit,line_item,user_id,api_key_id,project_id,"
    "organization_id,project_name,organization_name,user_email,api_source\n"
)
OPENAI_COSTS = (
    _OPENAI_COSTS_HEADER
    + f"""{DAY - 86400},{DAY},2026-11-27T00:00:00+00:00,2026-11-28T00:00:00+00:00,,,,,,,,,,,,,
{DAY},{DAY + 86400},{_ISO},0.003835980000000000000000000000,usd,15343,tokens,"gpt-5-nano-2025-08-07, input",,key_1,proj_a,org-x,Proj A,Org,a@example.com,
{DAY},{DAY + 86400},{_ISO},1.000000000500000000000000000000,usd,2000,tokens,"gpt-5-nano-2025-08-07, output",,key_1,proj_a,org-x,Proj A,Org,a@example.com,
{DAY},{DAY + 86400},{_ISO},1.2E-7,usd,1,calls,web search tool calls,,key_1,proj_a,org-x,Proj A,Org,a@example.com,
"""
)

_ANTHROPIC_USAGE_HEADER = (
    "usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,"
    "usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,"
    "usage_output_tokens,web_search_count,inference_geo,speed\n"
)
ANTHROPIC_USAGE = (
    _ANTHROPIC_USAGE_HEADER
    + """2026-11-28,claude-sonnet-4-5-20250929,prod-key,Default,message,≤ 200k,1200,300,40,9000,777,2,not_available,
2026-11-28,claude-sonnet-4-5-20250929,prod-key,Default,batch,≤ 200k,1,0,0,0,1,0,not_available,
2026-11-28,claude-haiku-4-5-20251001,prod-key,Default,message,≤ 200k,50,0,0,0,20,0,not_available,
"""
)
_ANTHROPIC_COST_HEADER = (
    "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,list_price_usd,cost_type,"
    "inference_geo,speed,api_key_id,api_key_status\n"
)
ANTHROPIC_COST = (
    _ANTHROPIC_COST_HEADER
    + """2026-11-28,Claude Sonnet 4.5,Default,prod-key,message,≤ 200k,input_no_cache,0.05,0.05,token,not_available,,apikey_01AAA,active
2026-11-28,Claude Sonnet 4.5,Default,prod-key,message,≤ 200k,output,0.0211659999995,0.03,token,not_available,,apikey_01AAA,active
2026-11-28,Claude Sonnet 4.5,Default,prod-key,message,≤ 200k,output,-0.01,-0.01,token,not_available,,apikey_01AAA,active
2026-11-28,Claude Haiku 3.5,Default,other-key,message,≤ 200k,input_cache_read,0.30,1.00,token,not_available,,apikey_01BBB,archived
2026-11-28,,Default,other-key,,,,0.02,0.02,web_search,not_available,,apikey_01BBB,archived
"""
)

_OPENROUTER_HEADER = (
    "generation_id,created_at,cost_total,cost_web_search,cost_cache,cost_file_processing,byok_usage_inference,"
    "tokens_prompt,tokens_completion,tokens_reasoning,tokens_cached,model_permaslug,provider_name,variant,cancelled,"
    "streamed,user,finish_reason_raw,finish_reason_normalized,generation_time_ms,time_to_first_token_ms,"
    "api_key_disabled,api_key_name,app_name\n"
)
OPENROUTER = (
    _OPENROUTER_HEADER
    + """gen-1795850817-AAAAAAAAAAAAAAAAAAAA,2026-11-28 03:46:57.713,0.01230000000049,0,-0.0004,0,0,10389,137,20,10000,openai/gpt-oss-120b,Groq,standard,false,true,,stop,stop,812,90,false,prod,Gateway
gen-1795850818-BBBBBBBBBBBBBBBBBBBB,2026-11-28 03:46:58.001,0,0,0,0,0,10,0,0,0,openai/gpt-oss-20b,Groq,free,true,true,,,,10,,false,prod,Gateway
gen-1795850819-CCCCCCCCCCCCCCCCCCCC,2026-11-28 03:47:00,0.0000000005,0,0,0,0.5,7,3,0,0,anthropic/claude-4.5-sonnet-20250929,Anthropic,standard,false,false,,error,error,10,,false,prod,Gateway
"""
)

_SANDBOX_HEADER = (
    f"{_BUCKETS},project_id,num_model_requests,user_id,api_key_id,model,batch,service_tier,input_tokens,output_tokens,"
    "input_cached_tokens,input_uncached_tokens,input_cache_write_tokens,input_text_tokens,output_text_tokens,"
    "input_cached_text_tokens,input_audio_tokens,input_cached_audio_tokens,output_audio_tokens,input_image_tokens,"
    "input_cached_image_tokens,output_image_tokens,unit,units\n"
)
SANDBOX_CSV = (
    _SANDBOX_HEADER
    + f"""{DAY},{DAY + 86400},{_ISO},main,2,,main,gpt-5-mini,false,default,150,40,100,30,20,30,40,100,0,0,0,0,0,0,,0
{DAY},{DAY + 86400},{_ISO},main,1,,main,sora-2,false,default,0,0,0,0,0,0,0,0,0,0,0,0,0,0,second:720x1280,8
"""
)


def page(buckets: list[dict[str, Any]], **more: Any) -> str:
    """A page as the interface gives it, indented as when it is saved by hand."""
    return json.dumps({**more, "data": buckets, "has_more": False, "next_page": None}, indent=2, ensure_ascii=False)


def _openai_bucket(*results: dict[str, Any], start: int = DAY) -> dict[str, Any]:
    return {"object": "bucket", "start_time": start, "end_time": start + 86400, "results": list(results)}


def _openai_usage(**more: Any) -> dict[str, Any]:
    return {
        "object": "organization.usage.completions.result", "input_tokens": 1000, "output_tokens": 500,
        "input_cached_tokens": 800, "input_audio_tokens": 0, "output_audio_tokens": 0, "num_model_requests": 5,
        "project_id": None, "user_id": None, "api_key_id": "key_1", "model": "gpt-5-mini-2025-08-07", "batch": False,
        "service_tier": None, **more,
    }  # fmt: skip


def _openai_cost(value: Any, item: str) -> dict[str, Any]:
    return {
        "object": "organization.costs.result", "amount": {"value": value, "currency": "usd"}, "line_item": item,
        "project_id": None,
    }  # fmt: skip


def _anthropic_bucket(*results: dict[str, Any], day: int = 28) -> dict[str, Any]:
    return {
        "starting_at": f"2026-11-{day}T00:00:00Z", "ending_at": f"2026-11-{day + 1}T00:00:00Z", "results": list(results)
    }  # fmt: skip


def _anthropic_usage(**more: Any) -> dict[str, Any]:
    return {
        "uncached_input_tokens": 1500, "cache_read_input_tokens": 200,
        "cache_creation": {"ephemeral_1h_input_tokens": 1000, "ephemeral_5m_input_tokens": 500}, "output_tokens": 430,
        "server_tool_use": {"web_search_requests": 10}, "api_key_id": "apikey_01AAA", "workspace_id": None,
        "model": "claude-sonnet-4-5-20250929", "service_tier": "standard", "context_window": "0-200k",
        "inference_geo": "not_available", **more,
    }  # fmt: skip


def _anthropic_cost(amount: str, **more: Any) -> dict[str, Any]:
    return {
        "currency": "USD", "amount": amount, "workspace_id": None, "description": "Claude Sonnet 4.5 Usage - Input Tokens",
        "cost_type": "tokens", "context_window": "0-200k", "model": "claude-sonnet-4-5-20250929",
        "service_tier": "standard", "token_type": "uncached_input_tokens", "inference_geo": "not_available", **more,
    }  # fmt: skip


OPENAI_USAGE_JSON = page(
    [
        _openai_bucket(start=DAY - 86400),
        _openai_bucket(_openai_usage(), _openai_usage(api_key_id="key_2", num_model_requests=77)),
        _openai_bucket(_openai_usage(input_cached_tokens=0), start=DAY + 86400),
    ],
    object="page",
)
OPENAI_COSTS_JSON = page(
    [
        _openai_bucket(
            _openai_cost(0.06, "gpt-5-mini-2025-08-07, input"), _openai_cost(1.5e-8, "gpt-5-2025-08-07, output")
        ),
        _openai_bucket(_openai_cost("2.50", "gpt-5-2025-08-07, output"), start=DAY + 86400),
    ],
    object="page",
)
ANTHROPIC_USAGE_JSON = page(
    [
        _anthropic_bucket(_anthropic_usage(), _anthropic_usage(service_tier="batch", output_tokens=431)),
        _anthropic_bucket(day=29),
    ]
)
ANTHROPIC_COST_JSON = page(
    [
        _anthropic_bucket(
            _anthropic_cost("123.78912"),
            _anthropic_cost("-20", token_type="output_tokens"),
            _anthropic_cost("0.00000005", model=None, description="Claude Haiku 3.5 Usage - Output Tokens"),
        )
    ]
)
OPENROUTER_JSON = json.dumps(
    {
        "data": [
            {
                "date": "2026-11-28", "model": "openai/gpt-4.1", "model_permaslug": "openai/gpt-4.1-2025-04-14",
                "endpoint_id": f"550e8400-e29b-41d4-a716-44665544000{n}", "provider_name": "OpenAI", "usage": 0.015,
                "byok_usage_inference": 0.012, "requests": 5 + n, "prompt_tokens": 50, "completion_tokens": 125,
                "reasoning_tokens": 25,
            }
            for n in range(3)
        ]
    },
    indent=1,
)  # fmt: skip


def _sandbox_call(number: int, **more: Any) -> dict[str, Any]:
    return {
        "at": f"2026-11-28T10:00:0{number}.000250Z", "response_id": f"chatcmpl-{number:032d}", "endpoint": "chat",
        "model": "gpt-5-mini", "api_key": "main", "project": "main", "input_tokens": 150, "cached_tokens": 100,
        "cache_write_5m_tokens": 15, "cache_write_1h_tokens": 5, "output_tokens": 40, "reasoning_tokens": 0,
        "streamed": True, "status": "served", "request_id": "", "unit": "", "units": 0, "percent": 100,
        "cost_nanos": 90_000, **more,
    }  # fmt: skip


def sandbox_bill(*calls: dict[str, Any], requests: int | None = None, summed: int = 0) -> str:
    totals = {
        "requests": len(calls) + summed if requests is None else requests,
        "input_tokens": sum(call["input_tokens"] for call in calls),
        "cached_tokens": sum(call["cached_tokens"] for call in calls),
        "cache_write_tokens": sum(call["cache_write_5m_tokens"] + call["cache_write_1h_tokens"] for call in calls),
        "output_tokens": sum(call["output_tokens"] for call in calls),
        "cost_nanos": sum(call["cost_nanos"] for call in calls),
    }
    bill = {
        "totals": totals, "by_key": {"main": totals} if calls else {}, "units": {}, "failures": {},
        "summed_requests": summed, "rows": list(calls),
    }  # fmt: skip
    return json.dumps(bill)


SANDBOX_JSON = sandbox_bill(
    _sandbox_call(1),
    _sandbox_call(2, status="cut", cost_nanos=91_234),
    _sandbox_call(
        3, response_id="video_1", model="sora-2", status="completed", unit="second:720x1280", units=8,
        input_tokens=0, cached_tokens=0, cache_write_5m_tokens=0, cache_write_1h_tokens=0, output_tokens=0,
        cost_nanos=800_000_000,
    ),
)  # fmt: skip

_GERMAN = ("utf-8-sig", "utf-16", "cp1252")
SAMPLES: tuple[Sample, ...] = (
    Sample(importer="stripe_report", name="balance.csv", text=STRIPE_REPORT, header="balance_transaction_id", lines=8,
           other_encodings=("utf-8-sig", "utf-16", "gb18030"), broken=("96.80", "96.8O"), empty=_STRIPE_REPORT_HEADER),
    Sample(importer="stripe_dashboard", name="history.csv", text=STRIPE_DASHBOARD, header="Source", lines=4,
           broken=("-45.00", "fourty"), empty=_STRIPE_DASHBOARD_HEADER),
    Sample(importer="paypal", name="Download.CSV", text=PAYPAL, header="Gross", lines=5,
           broken=("-97.00", "-97.0.0"), empty=_PAYPAL_HEADER),
    Sample(importer="paypal", name="de.csv", text=PAYPAL_DE, header="Brutto", lines=3, other_encodings=_GERMAN,
           broken=('"Rückzahlung"', '"Rückdings"'), empty=_PAYPAL_DE_HEADER),
    Sample(importer="paypal", name="zh.csv", text=PAYPAL_ZH, header="总额", lines=3,
           other_encodings=("utf-8-sig", "utf-16", "gb18030"), broken=("15:00:00", "15:99:00"), empty=_PAYPAL_ZH_HEADER),
    Sample(importer="openai_usage", name="completions.csv", text=OPENAI_USAGE, header="start_time", lines=3,
           broken=(",300,70,0,300,", ",300,7O,0,300,"), empty=_BUCKETS + "\n"),
    Sample(importer="openai_usage", name="completions.json", text=OPENAI_USAGE_JSON, lines=3,
           broken=('"num_model_requests": 77', '"num_model_requests": "many"'), empty=page([], object="page")),
    Sample(importer="openai_costs", name="cost.csv", text=OPENAI_COSTS, header="start_time", lines=3,
           broken=("1.2E-7", "unknown"), empty=_OPENAI_COSTS_HEADER),
    Sample(importer="openai_costs", name="costs.json", text=OPENAI_COSTS_JSON, lines=3,
           broken=('"value": 1.5e-08', '"value": "?"'), empty=None),
    Sample(importer="anthropic_usage", name="tokens.csv", text=ANTHROPIC_USAGE, header="model_version", lines=3,
           other_encodings=("utf-8-sig", "utf-16", "gb18030"), broken=(",50,0,0,0,20,", ",50,0,0,0,,"),
           empty=_ANTHROPIC_USAGE_HEADER),
    Sample(importer="anthropic_usage", name="usage.json", text=ANTHROPIC_USAGE_JSON, lines=2,
           broken=('"output_tokens": 431', '"output_tokens": null'), empty=page([])),
    Sample(importer="anthropic_cost", name="cost.csv", text=ANTHROPIC_COST, header="cost_usd", lines=5,
           broken=("0.0211659999995", ""), empty=_ANTHROPIC_COST_HEADER),
    Sample(importer="anthropic_cost", name="cost.json", text=ANTHROPIC_COST_JSON, lines=3,
           broken=('"amount": "-20"', '"amount": "twenty"'), empty=None),
    Sample(importer="openrouter_activity", name="activity.csv", text=OPENROUTER, header="generation_id", lines=3,
           broken=("2026-11-28 03:46:58.001", "yesterday"), empty=_OPENROUTER_HEADER),
    Sample(importer="openrouter_activity", name="activity.json", text=OPENROUTER_JSON, lines=3,
           broken=('"requests": 6', '"requests": -6'), empty=None),
    Sample(importer="sandbox_bill", name="bill.csv", text=SANDBOX_CSV, header="start_time", lines=2,
           broken=(",150,40,100,", ",15,40,100,"), empty=None),
    Sample(importer="sandbox_bill", name="bill.json", text=SANDBOX_JSON, lines=3,
           broken=('"cost_nanos": 91234}', '"cost_nanos": null}'), empty=sandbox_bill()),
)  # fmt: skip
