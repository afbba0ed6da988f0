"""Coming and going: sign up, log in, log out."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from accounts import services as accounts
from aws import limits
from config.problems import Problem
from pages import forms
from pages.context import ACCOUNT, HANDLE
from pages.guard import view


def _enter(request: HttpRequest, account: accounts.Account, after: str) -> HttpResponse:
    request.session.cycle_key()
    request.session[ACCOUNT] = str(account.id)
    request.session[HANDLE] = account.handle
    return HttpResponseRedirect(after)


@view("GET", "HEAD", "POST")
def sign_up(request: HttpRequest) -> HttpResponse:
    """A new account, logged in at once."""
    form = forms.SignUp(request.POST if request.method == "POST" else None)
    status = 200
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        try:
            account = accounts.create(
                given["handle"], given["email"], given["password"], key=form.key()
            )
            return _enter(request, account, "/")
        except Problem as problem:
            status = problem.status
            form.add_error(None, problem.detail)
    elif form.is_bound:
        status = 422
    context = {
        "form": form,
        "heading": "Join Tern",
        "action": "/signup",
        "button": "Sign up",
        "other_text": "You have an account?",
        "other_url": "/login",
        "other_link": "Log in",
    }
    return render(request, "enter.html", context, status=status)


@view("GET", "HEAD", "POST")
def log_in(request: HttpRequest) -> HttpResponse:
    """A session for an account."""
    if request.method == "POST":
        form = forms.LogIn(request.POST)
    else:
        form = forms.LogIn(initial={"next": request.GET.get("next", "")})
    status = 200
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        account = accounts.authenticate(given["handle"], given["password"], limits.address(request))
        if account:
            return _enter(request, account, given["next"])
        status = 422
        form.add_error(None, "Handle and password do not match.")
    elif form.is_bound:
        status = 422
    context = {
        "form": form,
        "heading": "Welcome back",
        "action": "/login",
        "button": "Log in",
        "other_text": "New here?",
        "other_url": "/signup",
        "other_link": "Join Tern",
    }
    return render(request, "enter.html", context, status=status)


@view("POST")
def log_out(request: HttpRequest) -> HttpResponse:
    """The end of a session."""
    request.session.flush()
    return HttpResponseRedirect("/")
